import base64
import json

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from tests.deployments.clock import let_pass

ROUTE = "/v1/text-to-speech/deep.wav/{}?output_format=pcm_24000"


def until_final(websocket, context_id=None):
    """Return the messages of a context up to its last."""
    messages = []
    while not messages or not messages[-1].get("isFinal"):
        message = websocket.receive_json()
        if message.get("contextId") == context_id:
            messages.append(message)
    return messages


def test_flush_speaks_what_has_come_and_the_text_goes_on(api):
    with api.websocket_connect(ROUTE.format("stream-input")) as websocket:
        websocket.send_json({"text": " ", "voice_settings": {"speed": 1.2}})
        websocket.send_json({"text": "Hello there ", "flush": True})
        first = websocket.receive_json()
        websocket.send_json({"text": "my friend."})
        websocket.send_json({"text": ""})
        messages = [first, *until_final(websocket)]
        with pytest.raises(WebSocketDisconnect) as closed:
            websocket.receive_json()
    assert closed.value.code == 1000
    assert base64.b64decode(first["audio"])
    told = [message["alignment"] for message in messages if message.get("alignment")]
    characters = "".join(char for alignment in told for char in alignment["chars"])
    assert characters == "Hello there my friend. "
    spans_ms = [a["charStartTimesMs"][-1] + a["charDurationsMs"][-1] for a in told]
    num_bytes = sum(len(base64.b64decode(message["audio"] or "")) for message in messages)
    assert 0 < sum(spans_ms) <= num_bytes / 48 + 50


def test_characters_behind_the_last_word_of_a_sentence_are_told(api):
    text = "Well done 😀! Bye :-)"
    with api.websocket_connect(ROUTE.format("stream-input")) as websocket:
        websocket.send_json({"text": text})
        websocket.send_json({"text": ""})
        messages = until_final(websocket)
    told = [message["alignment"] for message in messages if message.get("alignment")]
    characters = [char for alignment in told for char in alignment["chars"]]
    assert "".join(characters) == f"{text} "
    assert all(start >= 0 for alignment in told for start in alignment["charStartTimesMs"])


def test_silence_behind_the_last_sentence_has_no_characters(api):
    with api.websocket_connect(ROUTE.format("stream-input")) as websocket:
        websocket.send_json({"text": "Bye :-)", "flush": True})
        message = {}
        while (message.get("alignment") or {}).get("chars", [])[:1] != [":"]:  # it has ended then
            message = websocket.receive_json()
        websocket.send_json({"text": ""})
        messages = until_final(websocket)
    assert any(message["audio"] for message in messages)
    assert not any(message.get("alignment") for message in messages)


def test_contexts_are_spoken_apart_and_end_when_they_are_closed(api):
    with api.websocket_connect(ROUTE.format("multi-stream-input")) as websocket:
        websocket.send_json({"text": ""})  # keeps the connection alive
        for name in ("a", "b"):
            websocket.send_json({"text": " ", "context_id": name})
            websocket.send_json({"text": f"This is {name}. ", "context_id": name, "flush": True})
            websocket.send_json({"text": "", "context_id": name})
            websocket.send_json({"context_id": name, "close_context": True})
            assert base64.b64decode(until_final(websocket, name)[0]["audio"])
        websocket.send_json({"close_socket": True})
        with pytest.raises(WebSocketDisconnect):
            websocket.receive_json()


def test_wrong_messages_are_told_and_the_connection_stays(api):
    with api.websocket_connect(ROUTE.format("multi-stream-input")) as websocket:
        for wrong in (
            {"text": "Hi."},
            {"text": 5, "context_id": "a"},
            {"context_id": 7},
            {"context_id": ["a"], "close_context": True},
            {"text": "Hi.", "context_id": "\ud800"},  # every answer would have to repeat it
            {"text": "Hi.", "context_id": 257 * "a"},  # the same
        ):
            websocket.send_json(wrong)
            assert websocket.receive_json()["code"] == "invalid_request"
        for index in range(6):
            websocket.send_text(json.dumps({"text": "Hi", "context_id": str(index)}))
        assert "Too many contexts" in websocket.receive_json()["message"]
        websocket.send_json({"context_id": "0", "close_context": True})
        assert until_final(websocket, "0")


@pytest.mark.parametrize("route", ["stream-input", "multi-stream-input"])
def test_error_is_told_in_full_in_elevenlabs_words(api, route):
    path = ROUTE.replace("deep.wav", "nobody").format(route)
    with api.websocket_connect(path) as websocket:
        websocket.send_json({"text": "Hi. ", "context_id": "a", "flush": True})
        told = websocket.receive_json()
    assert told["error"] == told["message"]
    assert "voice 'nobody' not found; add a file" in told["message"]
    assert told["code"] == "voice_not_found"
    assert "type" not in told


def test_context_behind_the_end_is_refused(make_ingress, held_sampler):
    sampler, stage = held_sampler
    with (
        TestClient(make_ingress(sampler).__serve_build_asgi_app__()) as client,
        client.websocket_connect(ROUTE.format("multi-stream-input")) as websocket,
    ):
        websocket.send_json({"text": "Hi.", "context_id": "a"})
        websocket.send_json({"close_socket": True})
        websocket.send_json({"text": "And hello.", "context_id": "b"})
        websocket.send_json({"context_id": 7})  # is told of in any case
        assert "closed" in websocket.receive_json()["message"]
        stage.release.set()
        assert until_final(websocket, "a")


def test_inactivity_begins_when_all_has_been_spoken(make_ingress, held_sampler):
    sampler, stage = held_sampler
    route = ROUTE.format("multi-stream-input") + "&inactivity_timeout=30"
    ingress = make_ingress(sampler, limits={"idle_s": 10_000})
    with (
        TestClient(ingress.__serve_build_asgi_app__()) as client,
        client.websocket_connect(route) as websocket,
    ):
        websocket.send_json({"text": "Hi :-)", "context_id": "a", "flush": True})
        assert stage.started.acquire(timeout=60)
        websocket.portal.call(let_pass, 45)
        stage.release.set()
        assert base64.b64decode(websocket.receive_json()["audio"])
        message = {}
        while not message.get("alignment"):  # of what stands behind the sentence, which has ended
            message = websocket.receive_json()
        websocket.portal.call(let_pass, 45)
        assert websocket.receive_json()["code"] == "idle_timeout"


def test_unknown_format_is_refused_before_the_handshake(api):
    route = ROUTE.format("stream-input").replace("pcm_24000", "ulaw_8000")
    with pytest.raises(WebSocketDenialResponse) as refused, api.websocket_connect(route):
        pass
    assert refused.value.status_code == 400


def test_voice_may_lie_in_a_sub_folder(make_ingress, voices_dir):
    (voices_dir / "choir").mkdir()
    (voices_dir / "deep.wav").rename(voices_dir / "choir" / "deep.wav")
    route = ROUTE.format("stream-input").replace("deep", "choir/deep")
    with (
        TestClient(make_ingress().__serve_build_asgi_app__()) as client,
        client.websocket_connect(route) as websocket,
    ):
        websocket.send_json({"text": "Hi."})
        websocket.send_json({"text": ""})
        assert base64.b64decode(until_final(websocket)[0]["audio"])
