"""`echo-tts speak` of a whole book: killed in the middle, on a server that fails, refused."""

import io
import json
import os
import re
import subprocess
import sys
import threading
from contextlib import chdir, contextmanager, redirect_stderr, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import httpx
import pytest

from serve_app.commands.speak import main
from tests.deployments.conftest import tone_ingress
from tests.deployments.sockets import served
from tests.graph.conftest import wait_until
from tests.serve_app.book.epubs import with_nav, write_epub

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
CHAPTERS = ("One. The Harbour", "Two. The Hill", "Three. The Night")
BOOK = "By nobody.\n\n" + "\n\n".join(
    f"Chapter {heading}\n\nIt was quiet. Nobody spoke." for heading in CHAPTERS
)
NUM_REQUESTS = 1 + len(CHAPTERS)
EPUB = {"title.xhtml": "<p>By nobody.</p>"} | {
    f"{heading}.xhtml": f"<h1>Chapter {heading}</h1><p>It was quiet. Nobody spoke.</p>"
    for heading in CHAPTERS
}
CONTENTS = with_nav(*((f"Chapter {heading}", f"{heading}.xhtml") for heading in CHAPTERS))
METADATA = "<dc:title>The Book</dc:title><dc:creator>Nobody</dc:creator>"


class Relay:
    """An address that passes requests on to a server, as unreliably as told.

    Attributes:
        texts: What it was asked to speak.
        failures: Answers to the next requests in place of the server's: status, headers, message.
        max_requests: The number of requests from which it answers no more.
    """

    def __init__(self, server):
        self.server, self.url = server, ""
        self.texts, self.failures, self.max_requests = [], [], 100
        self.gives_up = threading.Event()

    def answer(self, body):
        self.texts.append(json.loads(body)["input"])
        if len(self.texts) > self.max_requests:
            self.gives_up.wait()
        if self.failures:
            status, headers, message = self.failures.pop(0)
            return status, headers, json.dumps({"error": {"message": message}}).encode()
        spoken = httpx.post(f"{self.server}/v1/audio/speech", json=json.loads(body), timeout=60)
        told = {name: value for name, value in spoken.headers.items() if name.startswith("x-")}
        return spoken.status_code, told, spoken.content


@pytest.fixture
def folder(tmp_path):
    """An empty folder."""
    folder = tmp_path / "book"
    folder.mkdir()
    return folder


@pytest.fixture
def server(voices_dir):
    """The address of a server that takes short texts only."""
    with served(tone_ingress(voices_dir, limits={"max_text_chars": 60})) as url:
        yield url


@pytest.fixture
def relay(server):
    relay = Relay(server)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers, audio = relay.answer(body)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(audio))}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(BrokenPipeError):  # the client was killed
                self.wfile.write(audio)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        relay.url = f"http://127.0.0.1:{server.server_port}"
        yield relay
        relay.gives_up.set()
        server.shutdown()


@contextmanager
def speaking(folder, url, *arguments):
    """Run `speak` in `folder`; it is killed at the end if it still runs."""
    with subprocess.Popen(
        [sys.executable, "-m", "serve_app", "speak", "--voice", "deep.wav", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "ECHO_URL": f"{url}/v1"},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def speak(folder, url, *arguments):
    """Run `speak` in `folder` and in this process; return its exit code and what it told."""
    told = io.StringIO()
    with chdir(folder), redirect_stderr(told):
        try:
            code = main(["--url", f"{url}/v1", "--voice", "deep.wav", *arguments])
        except SystemExit as wrong_usage:
            code = wrong_usage.code
    return code, told.getvalue()


def test_book_killed_half_way_goes_on_and_is_equal_to_one_spoken_at_once(server, relay, folder):
    write_epub(folder / "book.epub", EPUB, **CONTENTS, metadata=METADATA)
    options = ("--file", "book.epub", "-o", "book.m4b")
    relay.max_requests = 2
    with speaking(folder, relay.url, *options):
        wait_until(lambda: len(relay.texts) == 3)  # the first two are kept by then
        assert not (folder / "book.m4b").exists()
    relay.max_requests = 100

    code, told = speak(folder, relay.url, *options)
    assert code == 0, told
    assert len(relay.texts) == 3 + NUM_REQUESTS - 2  # and none was asked for again
    assert re.findall(r"request (\d) of 4 spoken", told) == ["3", "4"]
    assert f"requests {NUM_REQUESTS}, chapters {NUM_REQUESTS}" in told
    assert sorted(os.listdir(folder)) == ["book.epub", "book.m4b"]

    spoken = (folder / "book.m4b").read_bytes()
    assert speak(folder, server, *options)[0] == 0
    assert (folder / "book.m4b").read_bytes() == spoken
    with av.open(folder / "book.m4b") as container:
        chapters = container.chapters()
        assert container.metadata["title"] == "The Book"
        assert container.metadata["artist"] == "Nobody"
        seconds = container.duration / av.time_base
    titles = [chapter["metadata"]["title"] for chapter in chapters]
    assert titles == ["The Book", *(f"Chapter {heading}" for heading in CHAPTERS)]
    starts = [float(chapter["start"] * chapter["time_base"]) for chapter in chapters]
    assert starts[0] == 0
    assert all(end - start > 2 for start, end in zip(starts, [*starts[1:], seconds], strict=True))


def test_text_too_long_for_one_request_is_spoken_in_many_whatever_the_format(relay, folder):
    relay.failures = [
        (400, {}, "Text too long: 60 characters (max 50)"),
        (503, {"Retry-After": "0"}, "Overloaded, retry later"),
        (500, {}, "Internal error (request r)"),
    ]
    (folder / "book.md").write_text(
        "# One\n\nIt rained, and it rained again.\n\n# Two\n\nIt snowed.\n"
    )
    code, told = speak(folder, relay.url, "--file", "book.md", "-o", "book.wav")
    assert code == 0, told
    assert "Overloaded, retry later: trying again in 0 s" in told
    assert relay.texts[1:] == ["# One\n\nIt rained, and it rained again."] * 3 + [
        "# Two\n\nIt snowed."
    ]
    with av.open(folder / "book.wav") as container:
        assert container.duration / av.time_base > 3


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        (["--voice", "nobody.ogg"], 2, "speaker_voice 'nobody.ogg' not found"),
        (["--voice", ""], 2, "takes 4 requests, and without --voice each would be spoken by"),
        (["--sample-rate", "8000"], 2, "sample_rate"),
        (["--url", "http://127.0.0.1:1"], 3, "No server answers"),
        (["--subtitles", "book.srt"], 2, "an .m4b is a book"),
    ],
)
def test_book_that_cannot_be_spoken_is_told_in_a_line(
    server, folder, arguments, exit_code, message
):
    (folder / "book.txt").write_text(BOOK)
    code, told = speak(folder, server, "--file", "book.txt", "-o", "book.m4b", *arguments)
    assert code == exit_code
    assert message in told.splitlines()[-1]
    assert os.listdir(folder) == ["book.txt"]


def test_failure_half_way_says_where_the_same_command_goes_on(relay, folder):
    (folder / "book.txt").write_text(BOOK)
    options = ("--file", "book.txt", "-o", "book.m4b", "--patience", "30")
    relay.max_requests = 1
    with speaking(folder, relay.url, *options) as process:
        wait_until(lambda: len(relay.texts) == 2)
        relay.failures = [(400, {}, "Invalid something")]
        relay.gives_up.set()
        _, told = process.communicate(timeout=120)
    assert process.returncode == 2
    assert told.splitlines()[-1] == (
        "speak: Invalid something; the same command goes on at request 2 of 4"
    )
    assert len(list((folder / "book.m4b.parts").iterdir())) == 1


def test_part_that_comes_again_has_the_number_of_its_first_time(folder):
    (folder / "book.txt").write_text("Interlude\n\nPart 1\n\nInterlude\n")
    code, told = speak(
        folder, "http://127.0.0.1:1", "--file", "book.txt", "-o", "book.m4b", "--quiet"
    )
    assert code == 3
    assert told.startswith("speak: No server answers at 127.0.0.1:1. Start one with ")
