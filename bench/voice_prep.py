"""The time to prepare a voice, unseen (miss) and again (hit), by length and encoding.

    python -m bench.voice_prep          the class itself
    python -m bench.voice_prep --ray    through a handle, on a private local cluster

Goals: a hit takes under 1 ms where VoicePrep runs, whatever the reference's length; 300 s of mp3
are prepared in under 1.5 s on two cores. Prints a table and, last, one JSON line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from bench.cluster import private_cluster
from bench.decoders import RATE_HZ, encode
from bench.threads import compute_as_a_sampler
from deployments.prepared_voice import PreparedVoice
from deployments.voice_prep import VoicePrep
from serve_app.settings import Settings
from speech.voices import SETTLE_NS

SECONDS = (10, 60, 300)
ENCODINGS = {"wav": ("wav", "pcm_s16le"), "mp3": ("mp3", "libmp3lame"), "m4a": ("ipod", "aac")}
NUM_MISSES = 3
NUM_HITS = 200
LIMITS: dict[str, Any] = {"cache_bytes": 2**30, "decode_threads": 2, "timeout_s": 60}
"""Of VoicePrep."""


class TimedVoicePrep(VoicePrep):
    """Tells as well how long each call took where it ran."""

    async def timed_prepare(self, name: str) -> tuple[PreparedVoice, float]:
        """Return the voice and the milliseconds it took."""
        start_s = time.perf_counter()
        prepared = await self.prepare(name)
        return prepared, (time.perf_counter() - start_s) * 1000

    async def nothing(self) -> None:
        """Answer at once: what a call costs by itself."""


Call = Callable[[str], Awaitable[tuple[PreparedVoice, float]]]


def write_references(folder: Path) -> list[str]:
    """Write one stereo reference per encoding and length; return their names."""
    rng = np.random.default_rng(0)
    names = []
    for seconds in SECONDS:
        times = np.arange(seconds * RATE_HZ) / RATE_HZ
        tone = 0.3 * np.sin(2 * np.pi * 220 * times) * (1 + np.sin(2 * np.pi * 3 * times))
        left = tone + rng.normal(0, 0.05, times.size)
        stereo = np.stack([left, 0.8 * left]).clip(-1, 1).astype(np.float32)
        for extension, (container, codec) in ENCODINGS.items():
            names.append(f"{seconds}s.{extension}")
            (folder / names[-1]).write_bytes(encode(container, codec, stereo))
    time.sleep(SETTLE_NS / 1e9)  # a young file's content is read on every request
    return names


async def measure(call: Call, name: str) -> tuple[float, float]:
    """Return (there, whole call) in ms, medians over enough hits."""
    there_ms, whole_ms = [], []
    for _ in range(NUM_HITS):
        start_s = time.perf_counter()
        _, there = await call(name)
        whole_ms.append((time.perf_counter() - start_s) * 1000)
        there_ms.append(there)
    return statistics.median(there_ms), statistics.median(whole_ms)


async def bench_class(folder: Path, names: list[str]) -> list[dict[str, object]]:
    """Measure the class in this process; each miss by a VoicePrep that has seen nothing."""
    rows: list[dict[str, object]] = []
    for name in names:
        misses = []
        for _ in range(NUM_MISSES):
            prep = TimedVoicePrep(str(folder), **LIMITS)
            misses.append((await prep.timed_prepare(name))[1])
        hit_ms, _ = await measure(prep.timed_prepare, name)
        rows.append({"voice": name, "miss_ms": statistics.median(misses), "hit_ms": hit_ms})
    return rows


async def bench_handle(folder: Path, names: list[str]) -> list[dict[str, object]]:
    """Measure through a handle: where VoicePrep runs, the whole call, and an empty call."""
    from ray import serve

    deployment = serve.deployment(max_ongoing_requests=100)(TimedVoicePrep)
    handle = serve.run(deployment.bind(str(folder), **LIMITS), route_prefix=None)
    empty_ms = []
    for _ in range(NUM_HITS):
        start_s = time.perf_counter()
        await handle.nothing.remote()
        empty_ms.append((time.perf_counter() - start_s) * 1000)
    rows: list[dict[str, object]] = []
    for name in names:
        _, miss_ms = await handle.timed_prepare.remote(name)
        hit_ms, call_ms = await measure(handle.timed_prepare.remote, name)
        rows.append(
            {
                "voice": name,
                "miss_ms": miss_ms,
                "hit_ms": hit_ms,
                "call_ms": call_ms,
                "empty_call_ms": statistics.median(empty_ms),
            }
        )
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--ray", action="store_true", help="through a handle, on a local cluster")
    through_ray = parser.parse_args().ray
    compute_as_a_sampler(Settings())
    with tempfile.TemporaryDirectory() as temp_dir:
        folder = Path(temp_dir)
        names = write_references(folder)
        with private_cluster() if through_ray else nullcontext():
            rows = asyncio.run((bench_handle if through_ray else bench_class)(folder, names))
    columns = list(rows[0])
    print("".join(f"{column:>15}" for column in columns))
    for row in rows:
        cells = (value if isinstance(value, str) else f"{value:.2f}" for value in row.values())
        print("".join(f"{cell:>15}" for cell in cells))
    print(json.dumps({"bench": "voice_prep", "ray": through_ray, "rows": rows}))


if __name__ == "__main__":
    main()
