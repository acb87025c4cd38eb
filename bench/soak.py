"""Soaks a server: an hour of mixed requests, overloads among them, and its memory by process.

A server of its own runs with the sample voices. Requests arrive as a Poisson process over every
API, in every format; one in seven callers leaves, one in twenty is refused. At the start and at
half-time more clients than may be served ask without a pause. Memory is sampled all the while: a
process is flat where it does not grow from then on.

    python -m bench.soak [--seconds 3600] [--rate 0.3] [--samples soak.csv] [--picture soak.png]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench.load import VOICES_DIR
from bench.process_memory import Sample, sample_family, slope_mb_per_hour, write_samples
from bench.soak_load import SoakLoad
from bench.soak_picture import draw

VOICES = ("ada.ogg", "otto.ogg")
MAX_REQUESTS = 16
BURST_CLIENTS = 10 * MAX_REQUESTS
WARM_UP_S = 60.0
START_S = 240.0
STOP_S = 60.0


@dataclass(frozen=True)
class Soak:
    """The result of a soak; times are in seconds since its first sample."""

    samples: Sequence[Sample]
    bursts: Sequence[tuple[float, float]]
    outcomes: dict[str, int]


def main() -> None:
    """Run the soak; write its samples and picture, print a table and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--rate", type=float, default=0.3, help="requests per second")
    parser.add_argument("--burst-seconds", type=float, default=30.0, help="of each overload")
    parser.add_argument("--period", type=float, default=10.0, help="seconds between samples")
    parser.add_argument("--samples", type=Path, default=Path("soak.csv"))
    parser.add_argument("--picture", type=Path, default=Path("soak.png"))
    given = parser.parse_args()
    given.samples.unlink(missing_ok=True)
    with running_server() as (pid, url):
        soak = asyncio.run(run(given, pid, url))
    draw(soak.samples, soak.bursts, given.picture)
    report(soak)


@contextmanager
def running_server() -> Iterator[tuple[int, str]]:
    """Start a server on loopback; yield its process and its address, and stop it at the end."""
    # Sockets below Ray's session folder have at most 107 characters: keep it short.
    temp_dir = tempfile.mkdtemp(prefix="ray-", dir="/tmp")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "PORT": str(port),
        "AUDIO_VOICES_DIR": VOICES_DIR,
        "ECHO_MAX_REQUESTS": str(MAX_REQUESTS),
        "ECHO_RAY_TEMP_DIR": temp_dir,
        "ECHO_RAY_CPUS": "2",
        "ECHO_RAY_OBJECT_STORE_BYTES": str(512 * 2**20),
    }
    command = [sys.executable, "-m", "serve_app", "serve"]
    server = subprocess.Popen(command, env=os.environ | environment, start_new_session=True)
    try:
        yield server.pid, f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
        shutil.rmtree(temp_dir, ignore_errors=True)


async def run(given: argparse.Namespace, pid: int, url: str) -> Soak:
    """Soak the server at `url` for the time that was asked for."""
    samples: list[Sample] = []
    bursts: list[tuple[float, float]] = []
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(url, connector=connector) as session:
        await _until_ready(session)
        load = SoakLoad(session, VOICES, seed=1)
        started = time.monotonic()

        async def watch() -> None:
            while True:
                now = await asyncio.to_thread(sample_family, pid, time.monotonic() - started)
                samples.extend(now)
                write_samples(given.samples, now)
                await asyncio.sleep(given.period)

        async def overload(second: float) -> None:
            await asyncio.sleep(second)
            start = time.monotonic() - started
            await load.overload(BURST_CLIENTS, given.burst_seconds)
            bursts.append((start, time.monotonic() - started))

        watching = asyncio.create_task(watch())
        await asyncio.gather(
            load.arrive(given.rate, given.seconds),
            overload(WARM_UP_S),
            overload(given.seconds / 2),
        )
        watching.cancel()
    return Soak(samples, sorted(bursts), _counts(load))


async def _until_ready(session: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(START_S):
        while True:
            try:
                async with session.get("/ping") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.5)


def _counts(load: SoakLoad) -> dict[str, int]:
    return {" ".join(pair): count for pair, count in sorted(load.outcomes.items())}


def report(soak: Soak) -> None:
    """Print memory by process, before and after each overload and at the end, and its slope."""
    before = soak.bursts[0][0]
    settled = soak.bursts[-1][1]
    rows = []
    print(f"{'process':<20} {'start':>8} {'burst 1':>8} {'burst 2':>8} {'end':>8} {'MB/h':>8}")
    for name in sorted({sample.name for sample in soak.samples}):
        line = [sample for sample in soak.samples if sample.name == name]
        after = [sample for sample in line if sample.second > settled]
        row = {
            "process": name,
            "start_mb": _at(line, before),
            "burst_1_mb": _at(line, soak.bursts[0][1]),
            "burst_2_mb": _at(line, settled),
            "end_mb": line[-1].mb,
            "mb_per_hour": slope_mb_per_hour(after),
        }
        rows.append(row)
        figures = " ".join(f"{value:>8.1f}" for value in list(row.values())[1:])
        print(f"{name:<20} {figures}")
    result = {"benchmark": "soak", "rows": rows, "bursts": soak.bursts, "outcomes": soak.outcomes}
    print(json.dumps(result))


def _at(line: Sequence[Sample], second: float) -> float:
    """Return the memory at the last sample before `second`."""
    return [sample.mb for sample in line if sample.second <= second or sample is line[0]][-1]


if __name__ == "__main__":
    main()
