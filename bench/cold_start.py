"""The time from a program's start to its first audio, and the CPU time that this takes.

`echo-tts serve` is started, asked on `/ping` until it is ready, and for a sentence; then a RunPod
worker, with one job of its own. Another checkout is measured in turn. `cpu` is the time of all
processes until the audio. `--alone` takes the cores from all other work, as root may where Linux
shares them out by session: for some seconds at a time nothing else runs.

    python -m bench.cold_start [--runs 3] [--against FOLDER] [--alone]
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
SENTENCE = "It was a bright cold day in April."
POLL_S = 0.05
PATIENCE_S = 300.0
ALONE = b"-14"
"""The nice value of a session that gets 23 times the time of any other."""


class Start:
    """A program that has just been started, in a session of its own, and what it has reached.

    Attributes:
        steps: Seconds since the start, by step.
        output: The file of what the program writes.
    """

    def __init__(self, folder: Path, arguments: list[str], temp_dir: str, output: Path) -> None:
        self.steps: dict[str, float] = {}
        self.output = output
        self._cpu_s: dict[int, float] = {}
        environment = {
            **os.environ,
            "PYTHONPATH": str(folder),
            "AUDIO_VOICES_DIR": str(folder / "voices"),
            "ECHO_RAY_TEMP_DIR": temp_dir,
            "RAY_worker_niceness": "0",
        }
        self._began = time.monotonic()
        with output.open("wb") as file:
            self._process = subprocess.Popen(
                [folder / ".venv/bin/python", *arguments],
                cwd=folder,
                env=environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def take_the_cores(self) -> None:
        """Put its session, and what it starts from now on, before all other work."""
        Path(f"/proc/{self._process.pid}/autogroup").write_bytes(ALONE)

    def wait(self, step: str, is_reached: Callable[[], bool]) -> None:
        """Return once a step is reached; raise RuntimeError if the program ends before."""
        while not is_reached():
            seconds = time.monotonic() - self._began
            if self._process.poll() is not None or seconds > PATIENCE_S:
                raise RuntimeError(f"not {step}: {self.output.read_text()}")
            self._count_cpu()
            time.sleep(POLL_S)
        self.steps[step] = time.monotonic() - self._began
        self._count_cpu()

    @property
    def cpu_s(self) -> float:
        """CPU time of it and of all that it started, but for what ended unseen."""
        return sum(self._cpu_s.values())

    def end(self) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait(PATIENCE_S)

    def _count_cpu(self) -> None:
        with suppress(psutil.NoSuchProcess):
            program = psutil.Process(self._process.pid)
            for each in [program, *program.children(recursive=True)]:
                with suppress(psutil.NoSuchProcess):
                    self._cpu_s[each.pid] = sum(each.cpu_times()[:2])


def main() -> None:
    """Run the benchmark; print a row for each start."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--against", type=Path, help="another checkout, with a .venv")
    parser.add_argument("--alone", action="store_true")
    given = parser.parse_args()
    folders = [folder.absolute() for folder in (given.against, ROOT) if folder]
    for measure in (serve, work):
        for _ in range(given.runs):
            for folder in folders:
                steps = measure(folder, alone=given.alone)
                shown = "  ".join(f"{step} {seconds:5.2f}" for step, seconds in steps.items())
                print(f"{measure.__name__:5}  {shown}  {folder}", flush=True)


def serve(folder: Path, *, alone: bool) -> dict[str, float]:
    """Start the HTTP server and have it speak; return its steps."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def status(method: str, path: str, body: str | None = None) -> int | None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read(1)
            return answer.status
        except OSError:
            return None
        finally:
            connection.close()

    speech = json.dumps({"input": SENTENCE, "voice": "ada.ogg", "response_format": "wav"})
    with started(folder, ["-m", "serve_app", "serve", f"port={port}"], alone=alone) as start:
        start.wait("port open", lambda: status("GET", "/ping") is not None)
        start.wait("ready", lambda: status("GET", "/ping") == 200)
        start.wait("audio", lambda: status("POST", "/v1/audio/speech", speech) == 200)
        return start.steps | {"cpu": start.cpu_s}


def work(folder: Path, *, alone: bool) -> dict[str, float]:
    """Start the RunPod worker with a job; return its steps."""
    job = json.dumps({"input": {"text": SENTENCE}})
    with started(folder, ["handler.py", "--test_input", job], alone=alone) as start:
        start.wait("job taken", lambda: b"| Started." in start.output.read_bytes())
        start.wait("audio", lambda: b"completed successfully" in start.output.read_bytes())
        return start.steps | {"cpu": start.cpu_s}


@contextmanager
def started(folder: Path, arguments: list[str], *, alone: bool) -> Iterator[Start]:
    """Yield a program of a checkout that has just been started, and stop it."""
    # Sockets below Ray's session folder have at most 107 characters: keep it short.
    with tempfile.TemporaryDirectory(
        prefix="ray-", dir="/tmp", ignore_cleanup_errors=True
    ) as temp_dir:
        start = Start(folder, arguments, temp_dir, Path(temp_dir, "output"))
        try:
            if alone:
                start.take_the_cores()
            yield start
        finally:
            start.end()


if __name__ == "__main__":
    main()
