"""The caller's side against other servers; the tests of the graph have the real one."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from serve_app.client import (
    CallFailed,
    NoServer,
    Refused,
    Unavailable,
    stream_speech,
    without_version,
)
from serve_app.commands import speak
from speech.timestamps import TimedWord

OURS = {
    "X-Request-ID": "r1",
    "X-Engine": "echo-mini",
    "X-Seed": "7",
    "X-Audio-Sample-Rate": "24000",
}


@contextmanager
def server(status, headers, body=b"", *, promised=0):
    """Run a server that answers every request alike; yields its URL and the requests' headers."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            assert self.path == "/v1/audio/speech"
            seen.append(dict(self.headers))
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body) + promised), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{httpd.server_port}", seen
        finally:
            httpd.shutdown()
            thread.join()


def call(url, api_key=None):
    with stream_speech(url, api_key, {"input": "Hello."}, 10) as speech:
        return speech, b"".join(speech.packets)


def test_speech_comes_with_what_the_headers_say():
    with server(200, OURS, b"audio") as (url, seen):
        speech, audio = call(f"{url}/", "key")
    assert audio == b"audio"
    assert (speech.request_id, speech.engine, speech.seed) == ("r1", "echo-mini", "7")
    assert speech.sample_rate_hz == 24000
    assert seen[0]["Authorization"] == "Bearer key"


@pytest.mark.parametrize("end", ["", "/", "/v1", "/v1/", "//v1//"])
def test_address_may_end_as_openais_clients_have_it(end):
    assert without_version(f"http://127.0.0.1:8000{end}") == "http://127.0.0.1:8000"
    with server(200, OURS, b"audio") as (url, _):
        assert call(url + end)[1] == b"audio"


EVENTS = (
    b'data: {"type": "speech.audio.delta", "audio": "YXU=", "words": []}\n\n'
    b'data: {"type": "speech.audio.delta", "audio": "ZGlv", '
    b'"words": [{"word": "One.", "start": 0.1, "end": 0.4}]}\n\n'
)
LAST_EVENT = (
    b'data: {"type": "speech.audio.done", "usage": {}, "words": '
    b'[{"word": "One.", "start": 0.1, "end": 0.4}, {"word": "Two.", "start": 0.6, "end": 0.9}]}\n\n'
)


def test_words_come_with_events():
    headers = {**OURS, "Content-Type": "text/event-stream; charset=utf-8"}
    with server(200, headers, EVENTS + LAST_EVENT) as (url, _):
        speech, audio = call(url)
    assert audio == b"audio"
    assert speech.words == [TimedWord("One.", 0.1, 0.4), TimedWord("Two.", 0.6, 0.9)]


def test_events_without_an_end_are_a_failure():
    headers = {**OURS, "Content-Type": "text/event-stream"}
    with server(200, headers, EVENTS) as (url, _), pytest.raises(CallFailed, match="broke off"):
        call(url)


def test_speak_writes_subtitles_beside_the_audio(tmp_path):
    audio, subtitles = tmp_path / "day.pcm", tmp_path / "day.srt"
    headers = {**OURS, "Content-Type": "text/event-stream"}
    with server(200, headers, EVENTS + LAST_EVENT) as (url, _):
        arguments = ["One. Two.", "-o", str(audio), "--subtitles", str(subtitles), "--url", url]
        assert speak.main([*arguments, "-q"]) == 0
    assert "00:00:00,100 --> 00:00:00,400\nOne." in subtitles.read_text()
    assert "00:00:00,600 --> 00:00:00,900\nTwo." in subtitles.read_text()


def test_speak_writes_no_other_subtitles(tmp_path, capsys):
    with pytest.raises(SystemExit):
        speak.main(["One.", "-o", str(tmp_path / "a.wav"), "--subtitles", str(tmp_path / "a.txt")])
    assert "subtitles are .srt or .vtt" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--follow", "-o", "a.wav"], ["--file", "book.txt", "-o", "book.m4b"]]
)
def test_sample_rate_of_nothing_is_refused(tmp_path, monkeypatch, capsys, arguments):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "book.txt").write_text("It rained.")
    assert speak.main([*arguments, "--sample-rate", "0"]) == 2
    assert "has no 0 Hz" in capsys.readouterr().err


def test_proxy_of_the_environment_is_not_asked_for_this_machine(monkeypatch):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with server(200, OURS, b"audio") as (url, _):
        assert call(url)[1] == b"audio"
        assert call(url.replace("127.0.0.1", "me:secret@localhost"))[1] == b"audio"
        monkeypatch.setenv("http_proxy", url)  # it would answer
        with pytest.raises(NoServer):
            call(url.replace("127.0.0.1", "127.0.0.2"))


def test_netrc_does_not_take_the_keys_place(tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login someone password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with server(200, OURS) as (url, seen):
        call(url, "key")
        call(url)
    assert seen[0]["Authorization"] == "Bearer key"
    assert "Authorization" not in seen[1]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Refused), (401, Refused), (404, Refused), (503, Unavailable), (429, Unavailable)],
)
def test_servers_own_message_is_told_on_one_line(status, kind):
    body = b'{"error": {"message": "It said:\\n\\u001b[31m no"}}'
    with server(status, {}, body) as (url, _), pytest.raises(kind) as caught:
        call(url)
    assert str(caught.value) == r"It said:\n\x1b[31m no"


@pytest.mark.parametrize("status", [302, 404, 500, 502])
@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b'{"error": "x"}', b'{"error": {"message": 1}}']
)
def test_answer_of_another_server_is_no_mistake_of_the_caller(status, body):
    with server(status, {}, body) as (url, _), pytest.raises(CallFailed) as caught:
        call(url)
    assert type(caught.value) is CallFailed
    assert f"answers HTTP {status}" in str(caught.value)


def test_success_of_another_server_is_none():
    with server(200, {}, b"audio") as (url, _), pytest.raises(CallFailed, match="not an Echo-TTS"):
        call(url)


def test_audio_that_breaks_off_is_a_failure():
    with server(200, OURS, b"half", promised=4) as (url, _):  # noqa: SIM117 (which line raises)
        with pytest.raises(CallFailed, match="broke off"):
            call(url)


def test_server_that_is_not_there():
    with pytest.raises(Unavailable, match=r"^No server answers at 127\.0\.0\.1:1$"):
        call("http://user:secret@127.0.0.1:1")


@pytest.mark.parametrize(
    "url", ["", "localhost:8000", "ftp://x", "http://", "http://a\x01b", "http://..", "http://xn--"]
)
def test_url_that_is_none(url):
    with pytest.raises(Refused, match="is not an HTTP address"):
        call(url)


@pytest.mark.parametrize("key", ["two\nlines", "schlüssel"])
def test_key_that_no_header_takes_is_not_repeated(key):
    with pytest.raises(Refused) as caught:
        call("http://127.0.0.1:1", key)
    assert key not in str(caught.value)
