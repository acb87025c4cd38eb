"""`echo-tts serve` as a test runs it."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.graph.conftest import free_port, private_temp_dir, small_ray

ROOT = Path(__file__).parents[2]
PATIENCE_S = 240.0


def without_warnings(output: str) -> list[str]:
    """Return the lines that a server prints on any machine: a slow one warns of that as well.

    There, a proxy that Serve has stopped may still be told of a change, and log that it cannot.
    """
    of_a_slow_machine = re.compile(
        r" WARNING |\((ServeController|HAProxyManager) |^Ray did not start, trying once more"
    )
    return [line for line in output.splitlines() if not of_a_slow_machine.search(line)]


def kill_family(process: subprocess.Popen[Any]) -> None:
    """Kill a process, if it has not ended, and all that it started."""
    if process.poll() is None:
        for each in [process, *psutil.Process(process.pid).children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                each.kill()
    process.wait()


SERVE = (sys.executable, "-m", "serve_app", "serve")


class Server:
    """`echo-tts serve` in a process of its own, and what it has printed so far."""

    def __init__(self, temp_dir: str, *, command: Sequence[str] = SERVE, **settings: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        environment = os.environ | {
            "PORT": str(port),
            "AUDIO_VOICES_DIR": str(ROOT / "voices"),
            "ECHO_DEVICE": "cpu",
            **small_ray(temp_dir),
            **settings,
        }
        self.process = subprocess.Popen(
            command,
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
        return httpx.get(f"{self.url}/ping", timeout=PATIENCE_S, verify=False).status_code

    def wait(self) -> int:
        """Return the exit status, once all that was printed is here."""
        status = self.process.wait(PATIENCE_S)
        self._reader.join()
        return status

    def stop(self) -> None:
        kill_family(self.process)
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


@contextmanager
def side_by_side(*each_settings: Mapping[str, str]) -> Iterator[list[Server]]:
    """Run a server with each of these settings; all start at once, and can speak."""
    with ExitStack() as stack:
        servers = []
        for settings in each_settings:
            servers.append(Server(stack.enter_context(private_temp_dir()), **settings))
            stack.callback(servers[-1].stop)
        for server in servers:
            server.wait_for("Ready.")
        yield servers
