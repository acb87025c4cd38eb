import pytest


@pytest.mark.parametrize("text", [None, "", "[pause:11s] Hi.", "a" * 5000])
@pytest.mark.parametrize("route", ["", "/stream", "/with-timestamps", "/stream/with-timestamps"])
async def test_error_names_the_field_text(make_ingress, connect, route, text):
    client = connect(make_ingress())
    response = await client.post(f"/v1/text-to-speech/default{route}", json={"text": text})
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "text"
    assert "input" not in response.json()["error"]["message"]
