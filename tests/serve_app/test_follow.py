"""The client of text as it is written against other servers; tests/graph has the real one."""

import http
import json
import socket
import threading
from contextlib import contextmanager

import av
import numpy as np
import pytest
from websockets.sync.server import serve

from serve_app import follow
from serve_app.client import CallFailed, NoServer, Refused, Unavailable
from serve_app.commands import speak
from serve_app.follow import follow_speech
from speech.limiter import TRUE_PEAK_DB, true_peak_db
from tests.conftest import voiced


@contextmanager
def server(*messages, refusal=None, code=None):
    """Run a server that answers every connection alike; yields its URL.

    With a `code` it closes a connection when all the text is there, else it waits for the client.
    """

    def answer(connection):
        for message in messages:
            connection.send(message)
        for message in connection:
            if code is not None and "session.close" in message:
                connection.close(code)

    def refuse(connection, _request):
        return refusal and connection.respond(http.HTTPStatus(refusal[0]), refusal[1])

    with serve(answer, "127.0.0.1", 0, process_request=refuse) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.socket.getsockname()[1]}"
        listening.shutdown()
    thread.join()


def call(url, tmp_path, api_key=None, patience_s=10):
    (tmp_path / "text").write_bytes(b"")
    others = threading.enumerate()
    with (tmp_path / "text").open("rb") as text:
        try:
            return list(follow_speech(url, api_key, {}, text, patience_s))
        finally:  # the text stays open while it is read
            for thread in set(threading.enumerate()).difference(others):
                thread.join()


@pytest.mark.parametrize("key", ["two\nlines", "schlüssel"])
def test_key_that_no_header_takes_is_not_repeated(tmp_path, key):
    with pytest.raises(Refused) as caught:
        call("http://127.0.0.1:1", tmp_path, key)
    assert key not in str(caught.value)


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://x", "http://a\x01b", "http://.."])
def test_url_that_is_none(tmp_path, url):
    with pytest.raises(Refused, match="is not an HTTP address"):
        call(url, tmp_path)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("overloaded", Unavailable),
        ("sampler_lost", Unavailable),
        ("voices_unavailable", Unavailable),
        ("voice_not_found", Refused),
        ("deadline_exceeded", CallFailed),
        ("internal_error", CallFailed),
    ],
)
def test_error_is_of_the_kind_that_it_is_over_http(tmp_path, code, kind):
    error = {"type": "error", "message": "It said:\n no", "code": code}
    with server(json.dumps(error)) as url, pytest.raises(CallFailed) as told:
        call(url, tmp_path)
    with server(refusal=(503, json.dumps({"error": error}))) as url:  # noqa: SIM117
        with pytest.raises(CallFailed) as refused:
            call(url, tmp_path)
    for caught in (told, refused):
        assert (type(caught.value), str(caught.value)) == (kind, r"It said:\n no")


@pytest.mark.parametrize("body", ["<html>", "[]", '{"error": "x"}', '{"error": {"message": 1}}'])
def test_answer_of_another_server_is_no_mistake_of_the_caller(tmp_path, body):
    with server(refusal=(404, body)) as url, pytest.raises(CallFailed) as caught:
        call(url, tmp_path)
    assert type(caught.value) is CallFailed
    assert "answers HTTP 404" in str(caught.value)


@pytest.mark.parametrize("message", ["hello", "[]", "{}", '{"type": "error"}'])
def test_message_of_another_server_is_no_mistake_of_the_caller(tmp_path, message):
    with server(message) as url, pytest.raises(CallFailed, match="not an Echo-TTS") as caught:
        call(url, tmp_path)
    assert type(caught.value) is CallFailed


def test_server_that_ends_the_connection_has_sent_all_or_not(tmp_path):
    with server(b"audio", code=1000) as url:
        assert call(url, tmp_path) == [b"audio"]
    with server(b"audio", code=1011) as url, pytest.raises(CallFailed, match="broke off"):
        call(url, tmp_path)


def test_text_of_which_nothing_is_spoken_is_refused_as_an_empty_one(tmp_path):
    with server(code=1000) as url, pytest.raises(Refused, match=r"^Text cannot be empty$"):
        call(url, tmp_path)


def test_proxy_of_the_environment_is_not_asked_for_this_machine(tmp_path, monkeypatch):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with server(b"audio", code=1000) as url:
        assert call(url, tmp_path) == [b"audio"]


def test_loudness_holds_for_the_format_that_is_written(tmp_path, monkeypatch):
    pcm = voiced(120) / np.abs(voiced(120)).max()
    (tmp_path / "text").write_bytes(b"Hello.")
    spoken = (32767 * pcm).astype("<i2").tobytes()
    with server(spoken, code=1000) as url, (tmp_path / "text").open() as text:
        monkeypatch.setattr("sys.stdin", text)
        output = str(tmp_path / "out.mp3")
        assert speak.main(["--follow", "--url", url, "--loudness", "-14", "-q", "-o", output]) == 0
    with av.open(output) as container:
        heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert true_peak_db(heard, 44100) < TRUE_PEAK_DB


def test_server_that_falls_silent_is_left(tmp_path):
    with server(b"audio") as url, pytest.raises(CallFailed, match=r"sent nothing for 0\.05 s"):
        call(url, tmp_path, patience_s=0.05)


def test_server_that_is_not_there(tmp_path):
    with pytest.raises(NoServer, match=r"^No server answers at 127\.0\.0\.1:1$"):
        call("http://user:secret@127.0.0.1:1", tmp_path)


def test_server_that_does_not_answer_the_handshake_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(follow, "CONNECT_TIMEOUT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = "{}:{}".format(*mute.getsockname())
        with pytest.raises(NoServer, match=f"^No server answers at {address}$"):
            call(f"http://{address}", tmp_path)
