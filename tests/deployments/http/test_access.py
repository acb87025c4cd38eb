"""A page of another site reaches a server on its visitor's machine only where it is let in."""

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse

WEBSOCKET = "/v1/audio/speech/stream"
FOREIGN = [
    {"Origin": "https://a.example"},
    {"Origin": "null"},  # as of a sandboxed frame
    {"Origin": "http://testserver:3000"},
    {"Origin": "file://"},
    {"Origin": "http://["},
    {"Origin": "http://testserver:443"},
    {"Origin": "https://a.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://testserver", "Sec-Fetch-Site": "same-site"},
]
OWN = [
    {},
    {"Origin": "http://testserver"},
    {"Origin": "https://tts.example", "Sec-Fetch-Site": "same-origin"},  # the proxy changed Host
    {"Origin": "chrome-extension://a", "Sec-Fetch-Site": "none"},
    # What other programs send, of the address that they call, and nginx' $host:$server_port
    {"Origin": "ws://testserver"},
    {"Origin": "wss://TestServer/v1/audio/speech/stream"},
    {"Origin": "testserver"},
    {"Origin": "https://tts.example", "Host": "tts.example:443"},
    {"Origin": "http://tts.example:80", "Host": "tts.example"},
]


@pytest.fixture
def make_client(make_ingress):
    return lambda **options: TestClient(make_ingress(**options).__serve_build_asgi_app__())


@pytest.mark.parametrize("headers", FOREIGN)
def test_foreign_page_is_refused_what_no_browser_asks_leave_for(api, headers):
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        api.websocket_connect(WEBSOCKET, headers=headers),
    ):
        pass
    purge = api.post("/v2/any/purge-queue", headers=headers)
    for response in (refused.value, purge):
        assert response.status_code == 403
        assert response.json()["error"]["code"] == "foreign_origin"


@pytest.mark.parametrize("headers", OWN)
def test_own_page_and_other_programs_are_let_in(api, headers):
    assert api.post("/v2/any/purge-queue", headers=headers).status_code == 200
    with api.websocket_connect(WEBSOCKET, headers=headers) as websocket:
        websocket.send_json({"type": "session.close"})


@pytest.mark.parametrize(
    "options", [{"cors_origins": ["https://a.example"]}, {"cors_origins": "*"}]
)
def test_page_of_an_origin_that_is_set_is_let_in(make_client, options):
    with make_client(**options).websocket_connect(WEBSOCKET, headers=FOREIGN[0]) as websocket:
        websocket.send_json({"type": "session.close"})


def test_foreign_program_with_the_key_is_let_in(make_client):
    headers = {**FOREIGN[0], "xi-api-key": "secret"}
    with make_client(api_keys=["secret"]).websocket_connect(
        WEBSOCKET, headers=headers
    ) as websocket:
        websocket.send_json({"type": "session.close"})


def test_foreign_page_is_left_to_the_browser_where_it_asks_leave(api):
    for read in (api.get, api.head):
        answer = read("/v1/models", headers=FOREIGN[0])
        assert answer.status_code == 200
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert api.post("/runsync", json={}, headers=FOREIGN[0]).status_code == 400
