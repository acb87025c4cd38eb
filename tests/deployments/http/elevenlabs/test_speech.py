import base64
import json

import pytest

ROUTES = ["", "/stream", "/with-timestamps", "/stream/with-timestamps"]


@pytest.mark.parametrize("text", [None, "", "[pause:11s] Hi.", "a" * 5000])
@pytest.mark.parametrize("route", ROUTES)
def test_error_names_the_field_text(api, route, text):
    response = api.post(f"/v1/text-to-speech/default{route}", json={"text": text})
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "text"
    assert "input" not in response.json()["error"]["message"]


@pytest.mark.parametrize("route", ROUTES)
async def test_voice_may_lie_in_a_sub_folder(make_ingress, connect, voices_dir, route):
    (voices_dir / "choir").mkdir()
    (voices_dir / "deep.wav").rename(voices_dir / "choir" / "deep.wav")
    client = connect(make_ingress())
    path = f"/v1/text-to-speech/choir/deep.wav{route}"
    response = await client.post(path, json={"text": "Hi."})
    assert response.status_code == 200
    kind = "application/json" if "timestamps" in route else "audio/mpeg"
    assert response.headers["Content-Type"] == kind


@pytest.mark.parametrize("text", ["Hi there", "Hi there 😀!", "Hi there. [pause:0.1s]"])
@pytest.mark.parametrize("route", ["/with-timestamps", "/stream/with-timestamps"])
def test_characters_behind_the_last_word_have_its_end(api, route, text):
    answer = api.post(f"/v1/text-to-speech/default{route}", json={"text": text})
    told = [json.loads(line)["alignment"] for line in answer.text.splitlines()]
    characters = [char for alignment in told if alignment for char in alignment["characters"]]
    ends = [
        end for alignment in told if alignment for end in alignment["character_end_times_seconds"]
    ]
    assert "".join(characters) == text
    assert set(ends[len("Hi there") :]) <= {max(ends)}
    assert ends == sorted(ends)


@pytest.mark.parametrize("route", ROUTES)
def test_answer_is_described_and_passes_proxies_as_it_comes(api, route):
    answer = api.post(f"/v1/text-to-speech/default{route}", json={"text": "Hi.", "seed": 7})
    assert answer.headers["X-Seed"] == "7"
    assert answer.headers["X-Audio-Sample-Rate"] == "44100"
    assert answer.headers["X-Engine"] == "tone"
    assert answer.headers["X-Accel-Buffering"] == "no"


def test_whole_answer_is_the_audio_of_a_job(api):
    job = {"text": "Hi there.", "output_format": "wav"}
    route = "/v1/text-to-speech/default/with-timestamps?output_format=wav_44100"
    whole = api.post(route, json={"text": job["text"]}).json()["audio_base64"]
    assert whole == api.post("/runsync", json={"input": job}).json()["output"]["audio_base64"]
    header = base64.b64decode(whole)[:44]
    assert int.from_bytes(header[40:], "little") == len(base64.b64decode(whole)) - 44
