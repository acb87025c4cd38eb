"""Stopping the server: SIGTERM, as a container's or RunPod's load balancer's end sends it."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from tests.graph.conftest import free_port, private_temp_dir, wait_until
from tests.texts import ENDLESS_REQUEST, PARAGRAPHS

pytestmark = pytest.mark.ray

ROOT = Path(__file__).parents[2]
SPEECH = {"input": PARAGRAPHS, "response_format": "pcm", "sample_rate": 44100}
PATIENCE_S = 240.0


class Server:
    """`python -m serve_app serve` in a process of its own, and what it has printed so far."""

    def __init__(self, temp_dir: str, **settings: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        environment = os.environ | {
            "PORT": str(port),
            "AUDIO_VOICES_DIR": str(ROOT / "voices"),
            "ECHO_DEVICE": "cpu",
            "ECHO_RAY_TEMP_DIR": temp_dir,
            "ECHO_RAY_CPUS": "2",
            "ECHO_RAY_OBJECT_STORE_BYTES": str(128 * 2**20),
            "RAY_AUTH_MODE": "disabled",
            **settings,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "serve_app", "serve"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.output, self._ended = "", False
        self._printed = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def wait_for(self, text: str) -> None:
        with self._printed:
            self._printed.wait_for(lambda: text in self.output or self._ended, PATIENCE_S)
        assert text in self.output, self.output

    def interrupt(self) -> None:
        """Send SIGINT to all of the process group, as a terminal does on Ctrl-C."""
        os.killpg(self.process.pid, signal.SIGINT)

    def ping(self) -> int:
        return httpx.get(f"{self.url}/ping", timeout=PATIENCE_S).status_code

    def wait(self) -> int:
        """Return the exit status, once all that was printed is here."""
        status = self.process.wait(PATIENCE_S)
        self._reader.join()
        return status

    def stop(self) -> None:
        if self.process.poll() is None:
            family = psutil.Process(self.process.pid).children(recursive=True)
            for process in [self.process, *family]:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stdout.close()

    def _read(self) -> None:
        for line in self.process.stdout:
            with self._printed:
                self.output += line
                self._printed.notify_all()
        with self._printed:
            self._ended = True
            self._printed.notify_all()


@pytest.fixture
def serve():
    """Return `serve(**environment)`: a server that can speak."""
    servers = []
    with private_temp_dir() as temp_dir:

        def serve(**environment):
            servers.append(Server(temp_dir, **environment))
            servers[-1].wait_for("Ready.")
            return servers[-1]

        yield serve
        for server in servers:
            server.stop()


def test_stream_under_way_at_sigterm_gets_its_whole_audio_before_the_server_exits(serve):
    server = serve()
    with (
        httpx.Client(base_url=server.url, timeout=PATIENCE_S) as client,
        client.stream("POST", "/v1/audio/speech", json=SPEECH) as response,
    ):
        arriving = response.iter_raw()
        audio = next(arriving)
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("Stopping: running requests have 120 s")
        wait_until(lambda: server.ping() == 503)
        refused = httpx.post(f"{server.url}/v1/audio/speech", json=SPEECH, timeout=PATIENCE_S)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "not_ready")
        assert refused.headers["Retry-After"]
        audio += b"".join(arriving)  # raises if it is cut
    assert server.wait() == 0
    before, _, after = server.output.partition("Stopping")
    [line] = [line for line in after.splitlines() if " completed: " in line]
    spoken_s = float(line.partition("audio_s=")[2].split()[0])
    assert " completed: " not in before
    assert len(audio) / 2 / 44100 == pytest.approx(spoken_s, abs=0.01)


def test_ctrl_c_drains_and_once_more_ends_what_never_would(serve):
    server = serve(ECHO_MAX_TEXT_CHARS="100000", ECHO_MAX_AUDIO_S="1e6")
    with httpx.stream(
        "POST", f"{server.url}/v1/audio/speech", json=ENDLESS_REQUEST, timeout=PATIENCE_S
    ) as response:
        arriving = response.iter_raw()
        assert next(arriving)
        server.interrupt()
        wait_until(lambda: server.ping() == 503)
        server.interrupt()
        with pytest.raises(httpx.RemoteProtocolError):
            list(arriving)
    assert server.wait() == 0
