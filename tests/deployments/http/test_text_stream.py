import io
import json
from contextlib import ExitStack, contextmanager

import numpy as np
import pytest
import soundfile
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from tests.deployments.clock import let_pass
from tests.texts import PARAGRAPHS

PCM = {"type": "session.config", "response_format": "pcm", "sample_rate": 44100}
ROUTE = "/v1/audio/speech/stream"


class Client:
    """A client of the route, once it is connected."""

    def __init__(self, websocket):
        self.websocket = websocket
        self.close_code = None

    def send(self, kind, **fields):
        self.websocket.send_json({"type": kind, **fields})

    def say(self, *fragments):
        for fragment in fragments:
            self.send("input.text", text=fragment)
        self.send("input.done")

    def receive(self):
        """Return the next message, or the bytes of audio."""
        frame = self.websocket.receive()
        if frame["type"] == "websocket.close":
            raise WebSocketDisconnect(frame["code"])
        return frame["bytes"] if frame.get("bytes") is not None else json.loads(frame["text"])

    def until(self, kind):
        """Return the messages to the next of a kind, and the audio of each sentence."""
        messages, audio = [], []
        while not messages or messages[-1]["type"] != kind:
            message = self.receive()
            if isinstance(message, bytes):
                audio[-1] += message
                continue
            if message["type"] == "audio.start":
                audio.append(b"")
            messages.append(message)
        return messages, audio


@pytest.fixture
def connect(make_ingress, api):
    """Return `connect(ingress=None, **options)`: a context with a `Client` of an ingress."""

    clients = {None: api}

    @contextmanager
    def connect(ingress=None, headers=None, **options):
        if options:
            ingress = make_ingress(**options)
        if ingress not in clients:
            app = ingress.__serve_build_asgi_app__()
            clients[ingress] = stack.enter_context(TestClient(app))
        with clients[ingress].websocket_connect(ROUTE, headers=headers or {}) as websocket:
            yield Client(websocket)

    with ExitStack() as stack:
        yield connect


def samples_of(audio):
    return np.frombuffer(b"".join(audio), np.int16)


def types(messages):
    return [message["type"] for message in messages]


def test_sentences_are_spoken_in_order_with_their_messages(connect):
    with connect() as client:
        client.websocket.send_json({**PCM, "voice": "deep.wav", "seed": 7})
        client.say("Hello there. Ho", "w are", " you? ", "Fine")
        messages, audio = client.until("session.done")
    assert types(messages) == ["audio.start", "audio.done"] * 3 + ["session.done"]
    starts = [message for message in messages if message["type"] == "audio.start"]
    assert [start["sentence_text"] for start in starts] == ["Hello there.", "How are you?", "Fine"]
    assert [start["sentence_index"] for start in starts] == [0, 1, 2]
    assert starts[0]["format"] == "pcm"
    assert starts[0]["sample_rate"] == 44100
    done = [message for message in messages if message["type"] == "audio.done"]
    assert [message["total_bytes"] for message in done] == [len(part) for part in audio]
    assert not any(message["error"] for message in done)
    assert messages[-1]["total_sentences"] == 3


def test_audio_is_that_of_one_request_cut_where_sentences_end(connect, make_ingress):
    ingress = make_ingress()
    text = "[S1] This is long enough for two seconds of it. [S2] And so is this one, I should say!"
    parameters = {"max_chars_per_chunk": 60, "target_duration_seconds": 3}
    with connect(ingress) as client:
        client.websocket.send_json({**PCM, "seed": 7, "parameters": parameters})
        client.say(*text)
        _, audio = client.until("session.done")
    body = {**PCM, "input": text, "seed": 7, "parameters": parameters}
    whole = TestClient(ingress.__serve_build_asgi_app__()).post("/v1/audio/speech", json=body)
    assert len(audio) == 2
    np.testing.assert_array_equal(samples_of(audio), np.frombuffer(whole.content, np.int16))


def test_every_sentence_of_a_format_with_a_header_is_a_file(connect):
    with connect() as client:
        client.send("session.config", response_format="wav")
        client.say("Hello there. How are you?")
        _, audio = client.until("session.done")
    for part in audio:
        assert soundfile.info(io.BytesIO(part)).duration > 0.5


def test_long_pause_comes_in_messages_of_a_few_seconds(connect):
    with connect() as client:
        client.websocket.send_json(PCM)
        client.say("One. [pause:10s] [pause:10s] Two. [pause:10s]")
        frames, message = [], {}
        while isinstance(message, bytes) or message.get("type") != "session.done":
            message = client.receive()
            frames += [message] if isinstance(message, bytes) else []
    assert max(map(len, frames)) <= 4 * 44100 * 2
    assert len(samples_of(frames)) > 30 * 44100


def test_pauses_that_add_up_without_end_are_refused(connect):
    with connect(limits={"max_audio_s": 25}) as client:
        client.websocket.send_json(PCM)
        client.say("One. [pause:10s]", "[pause:10s]", "[pause:10s] Two.")
        *_, error = client.until("error")[0]
    assert error["message"] == "Pauses too long: 30 s in all (max 25)"


def test_configuration_holds_and_changes_between_utterances(connect):
    with connect() as client:
        client.websocket.send_json(PCM)
        client.say("Hello.")
        client.say("Hello.")
        first, audio = client.until("session.done")
        second, again = client.until("session.done")
        client.send("session.config", response_format="opus")
        client.say("Hello.")
        third, _ = client.until("session.done")
        client.send("input.text", text="Half a sen")
        client.websocket.send_json(PCM)
        (error,), _ = client.until("error")
    assert audio == again
    assert [messages[0]["utterance_index"] for messages in (first, second, third)] == [0, 1, 2]
    assert third[0]["format"] == "opus"
    assert error["code"] == "invalid_request"


def test_word_times_come_with_the_end_of_each_sentence(connect):
    with connect() as client:
        client.websocket.send_json({**PCM, "timestamps": "word"})
        client.say("Hello there. How are you?")
        messages, audio = client.until("session.done")
    done = [message for message in messages if message["type"] == "audio.done"]
    assert [[word["word"] for word in message["words"]] for message in done] == [
        ["Hello", "there."],
        ["How", "are", "you?"],
    ]
    for message, part in zip(done, audio, strict=True):
        duration_s = len(part) / 2 / 44100
        ends = [word["end"] for word in message["words"]]
        assert ends == sorted(ends)
        assert 0 < ends[-1] <= duration_s + 0.05


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        ("nonsense", "The message is not valid JSON"),
        ("[]", "The message is not a JSON object"),
        ('{"type": "input.audio"}', "Unknown message type 'input.audio' (known: session.config, "),
        ('{"type": "input.text"}', "Missing or invalid 'text' field (expected string)"),
        ('{"type": "input.text", "text": "Too early."}', "The session has no configuration"),
        ('{"type": "session.config", "speed": 9}', "Invalid 'speed'"),
    ],
)
def test_wrong_message_is_told_and_the_connection_stays(connect, frame, text):
    with connect() as client:
        client.websocket.send_text(frame)
        (error,), _ = client.until("error")
        client.websocket.send_json(PCM)
        client.say("Hello.")
        assert client.until("session.done")[1]
    assert error["message"].startswith(text)
    assert error["code"] == "invalid_request"


def test_binary_frame_is_told_and_the_connection_stays(connect):
    with connect() as client:
        client.websocket.send_bytes(b"RIFF")
        (error,), _ = client.until("error")
        client.websocket.send_json(PCM)
        client.say("Hello.")
        assert client.until("session.done")[1]
    assert error["message"] == "Send messages as text frames of JSON"


def test_message_beyond_the_size_of_a_body_is_refused(connect):
    with connect(limits={"max_body_bytes": 1024}) as client:
        client.send("input.text", text="a" * 1024)
        (error,), _ = client.until("error")
    assert error["message"] == "Message too large (max 1024 bytes)"


def test_utterances_and_refusals_are_logged_as_requests(connect, caplog):
    caplog.set_level("INFO", logger="deployments.telemetry.request_log")
    with connect(headers={"X-Request-ID": "call-1"}) as client:
        client.websocket.send_json({**PCM, "speed": 9})
        client.until("error")
        client.websocket.send_json(PCM)
        client.say("Hello there. How are you?")
        client.until("session.done")
    lines = [record.getMessage() for record in caplog.records]
    refused, completed = [line for line in lines if line.startswith("request ")]
    assert refused.startswith("request call-1 invalid_request: source=websocket")
    assert completed.startswith("request call-1 completed: source=websocket streamed=true")
    assert " chunks=2 " in completed


def test_utterance_that_fails_is_dropped_to_its_end(connect):
    with connect() as client:
        client.websocket.send_json({**PCM, "voice": "nobody.wav"})
        client.say("Hello there. How ", "are you?", " Fine.")
        messages, audio = client.until("session.done")
        client.websocket.send_json(PCM)
        client.say("Hello.")
        assert client.until("session.done")[1]
    assert types(messages) == ["error", "session.done"]
    assert messages[0]["code"] == "voice_not_found"
    assert audio == []


def test_more_text_than_may_wait_is_refused(connect):
    with connect(limits={"max_text_chars": 30, "max_body_bytes": 1024}) as client:
        client.websocket.send_json({**PCM, "parameters": {"max_chars_per_chunk": 0}})
        client.send("input.text", text="a" * 31)
        assert client.until("error")[0][0]["code"] == "invalid_request"
        for _ in range(36):
            client.send("input.text", text="Thirty characters of a text. ")
        (error,), _ = client.until("error")
    assert error["code"] == "body_too_large"


def test_cancel_drops_what_waits_and_what_is_spoken(connect, held_sampler):
    sampler, stage = held_sampler
    with connect(sampler=sampler, limits={"max_requests": 1}) as client:
        client.websocket.send_json(PCM)
        client.say("Hello there. How are you? I am fine.")
        client.say("And you?")
        assert stage.started.acquire(timeout=60)
        client.send("input.cancel")
        ends = [client.until("session.done")[0] for _ in range(2)]
        assert stage.freed.acquire(timeout=60)
        stage.release.set()
        client.say("Hello.")
        messages, audio = client.until("session.done")
    assert [types(end) for end in ends] == [["session.done"], ["session.done"]]
    assert messages[0]["utterance_index"] == 2
    assert audio


def test_client_that_leaves_frees_the_sampler_and_the_places(connect, make_ingress, held_sampler):
    sampler, stage = held_sampler
    ingress = make_ingress(sampler=sampler, limits={"max_requests": 1, "max_connections": 1})
    with connect(ingress) as client:
        client.websocket.send_json(PCM)
        client.say("Hello there. How are you?")
        assert stage.started.acquire(timeout=60)
    assert stage.freed.acquire(timeout=60)
    stage.release.set()
    with connect(ingress) as client:
        client.websocket.send_json(PCM)
        client.say("Hello.")
        assert client.until("session.done")[1]


def test_place_is_held_by_what_is_spoken_and_not_by_connections(connect, make_ingress):
    ingress = make_ingress(limits={"max_requests": 1})
    with connect(ingress) as one, connect(ingress) as other:
        for client in (one, other):
            client.websocket.send_json(PCM)
        for client in (one, other, one):
            client.say("Hello.")
            assert client.until("session.done")[1]


def test_clients_that_have_not_finished_their_text_keep_no_place(connect, make_ingress):
    ingress = make_ingress(limits={"max_requests": 1})
    with ExitStack() as waiting:
        clients = [waiting.enter_context(connect(ingress)) for _ in range(3)]
        for client in clients:  # one after the other, each in the middle of its text
            client.websocket.send_json(PCM)
            client.send("input.text", text="Hello there. And half of")
            client.until("audio.done")
        response = TestClient(ingress.__serve_build_asgi_app__()).post(
            "/v1/audio/speech", json={"input": "Me, too."}
        )
        assert response.status_code == 200
        for client in clients:
            client.say(" a sentence.")
            messages, _ = client.until("session.done")
            assert types(messages) == ["audio.start", "audio.done", "session.done"]


def test_utterance_without_a_place_is_told_so(connect, make_ingress, held_sampler):
    sampler, stage = held_sampler
    ingress = make_ingress(sampler=sampler, limits={"max_requests": 1})
    with connect(ingress) as one:
        one.websocket.send_json(PCM)
        one.say("Hello.")
        assert stage.started.acquire(timeout=60)
        with connect(ingress) as other:
            other.websocket.send_json(PCM)
            other.say("Hello.")
            messages, _ = other.until("session.done")
        stage.release.set()
    assert messages[0]["code"] == "overloaded"


def test_connection_beyond_the_bound_is_refused(connect, make_ingress):
    ingress = make_ingress(limits={"max_connections": 1})
    with connect(ingress), pytest.raises(WebSocketDenialResponse) as refused, connect(ingress):
        pass
    assert refused.value.status_code == 503
    with connect(ingress) as client:
        client.websocket.send_json(PCM)


def test_connection_needs_the_key(connect):
    with pytest.raises(WebSocketDenialResponse) as refused, connect(api_keys=["secret"]):
        pass
    assert refused.value.status_code == 401
    with connect(api_keys=["secret"], headers={"Authorization": "Bearer secret"}) as client:
        client.websocket.send_json(PCM)
        client.say("Hello.")
        assert client.until("session.done")[1]


def test_connection_on_which_nothing_happens_is_closed(connect):
    with connect(limits={"idle_s": 0.05}) as client:
        client.websocket.send_json(PCM)
        client.send("input.text", text="Half a sen")
        (error,), _ = client.until("error")
        with pytest.raises(WebSocketDisconnect):
            client.receive()
    assert error["code"] == "idle_timeout"


def test_speech_that_takes_longer_than_the_idle_time_is_heard(connect, held_sampler):
    sampler, stage = held_sampler
    with connect(sampler=sampler, limits={"idle_s": 30}) as client:
        client.websocket.send_json(PCM)
        client.say("Hello.")
        assert stage.started.acquire(timeout=60)
        client.websocket.portal.call(let_pass, 45)
        stage.release.set()
        assert client.until("session.done")[1]


def test_deadline_ends_an_utterance_that_is_not_spoken_in_time(connect, held_sampler):
    sampler, stage = held_sampler
    with connect(sampler=sampler, limits={"deadline_s": 30}) as client:
        client.websocket.send_json(PCM)
        client.say("Hello.")
        assert stage.started.acquire(timeout=60)
        client.websocket.portal.call(let_pass, 45)
        messages, _ = client.until("session.done")
    assert messages[-2]["code"] == "deadline_exceeded"
    assert stage.freed.acquire(timeout=60)


def test_time_without_text_does_not_count_against_the_deadline(connect):
    with connect(limits={"deadline_s": 30}) as client:
        client.websocket.send_json(PCM)
        client.send("input.text", text="Hello there. H")
        client.until("audio.done")
        client.websocket.portal.call(let_pass, 45)
        client.say("ow are you?")
        messages, _ = client.until("session.done")
    assert types(messages) == ["audio.start", "audio.done", "session.done"]


def test_session_close_ends_the_connection_when_all_is_spoken(connect):
    with connect() as client:
        client.websocket.send_json(PCM)
        client.send("input.text", text="Hello there")
        client.send("session.close")
        messages, audio = client.until("session.done")
        with pytest.raises(WebSocketDisconnect) as closed:
            client.receive()
    assert messages[-1]["total_sentences"] == 1
    assert audio
    assert closed.value.code == 1000


def test_server_that_stops_lets_the_utterance_end_and_closes(connect, make_ingress, held_sampler):
    sampler, stage = held_sampler
    ingress = make_ingress(sampler=sampler)
    with connect(ingress) as client:
        client.websocket.send_json(PCM)
        client.say("Hello.")
        assert stage.started.acquire(timeout=60)
        client.websocket.portal.call(ingress.drain)
        stage.release.set()
        assert client.until("session.done")[1]
        with pytest.raises(WebSocketDisconnect) as closed:
            client.receive()
    assert closed.value.code == 1001


def test_pause_at_the_end_is_heard_to_the_sample(connect):
    with connect() as client:
        client.websocket.send_json(PCM)
        client.say("Hello. [pause:1s]")
        _, audio = client.until("session.done")
        client.send("input.text", text="Hello. W")
        client.until("audio.done")
    samples = samples_of(audio)
    assert np.all(samples[-44100:] == 0)
    assert len(audio) == 1


def test_long_text_in_tokens_is_spoken_to_its_end(connect):
    with connect() as client:
        client.websocket.send_json(PCM)
        client.say(*PARAGRAPHS.split(" "))
        messages, _ = client.until("session.done")
    assert messages[-1]["total_sentences"] >= 1


def test_huge_seed_is_refused_by_its_name(connect):
    with connect() as client:
        client.websocket.send_text(f'{{"type": "session.config", "seed": {"9" * 5000}}}')
        message = client.receive()
    assert message["type"] == "error"
    assert message["message"].startswith("Invalid 'seed': should be less than")
