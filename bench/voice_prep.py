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
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import av
import numpy as np

from bench.threads import compute_as_a_sampler
from deployments.prepared_voice import PreparedVoice
from deployments.voice_prep import VoicePrep
from serve_app.settings import Settings
from speech.voices import SETTLE_NS

SECONDS = (10, 60, 300)
ENCODINGS = {"wav": ("wav", "pcm_s16le"), "mp3": ("mp3", "libmp3lame"), "m4a": ("ipod", "aac")}
RATE_HZ = 48_000
NUM_MISSES = 3
NUM_HITS = 200
CACHE_BYTES = 2**30


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
            with av.open(str(folder / names[-1]), "w", format=container) as out:
                stream = out.add_stream(codec, rate=RATE_HZ, layout="stereo")
                assert isinstance(stream, av.AudioStream)
                for start in range(0, times.size, RATE_HZ):
                    piece = np.ascontiguousarray(stereo[:, start : start + RATE_HZ])
                    frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
                    frame.sample_rate, frame.pts = RATE_HZ, start
                    out.mux(stream.encode(frame))
                out.mux(stream.encode(None))
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
            prep = TimedVoicePrep(str(folder), CACHE_BYTES, decode_threads=2, timeout_s=60)
            misses.append((await prep.timed_prepare(name))[1])
        hit_ms, _ = await measure(prep.timed_prepare, name)
        rows.append({"voice": name, "miss_ms": statistics.median(misses), "hit_ms": hit_ms})
    return rows


async def bench_handle(folder: Path, names: list[str]) -> list[dict[str, object]]:
    """Measure through a handle: where VoicePrep runs, the whole call, and an empty call."""
    from ray import serve

    deployment = serve.deployment(max_ongoing_requests=100)(TimedVoicePrep)
    app = deployment.bind(str(folder), CACHE_BYTES, 2)
    handle = serve.run(app, route_prefix=None)
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


def bench_on_ray(folder: Path, names: list[str], temp_dir: str) -> list[dict[str, object]]:
    """Start a cluster that nobody else can meet, measure, and take it down."""
    os.environ["RAY_AUTH_MODE"] = "disabled"
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray
    from ray import serve

    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        object_store_memory=2**29,
        log_to_driver=False,
        _temp_dir=temp_dir,
        runtime_env={"env_vars": {"PYTHONPATH": os.getcwd()}},
    )
    try:
        serve.start(proxy_location="Disabled")
        return asyncio.run(bench_handle(folder, names))
    finally:
        serve.shutdown()
        ray.shutdown()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--ray", action="store_true", help="through a handle, on a local cluster")
    through_ray = parser.parse_args().ray
    compute_as_a_sampler(Settings())
    # Short: the sockets below Ray's folder have at most 107 characters to their path.
    with tempfile.TemporaryDirectory(prefix="prep-") as temp_dir:
        folder = Path(temp_dir, "voices")
        folder.mkdir()
        names = write_references(folder)
        if through_ray:
            rows = bench_on_ray(folder, names, temp_dir)
        else:
            rows = asyncio.run(bench_class(folder, names))
    columns = list(rows[0])
    print("".join(f"{column:>15}" for column in columns))
    for row in rows:
        cells = (value if isinstance(value, str) else f"{value:.2f}" for value in row.values())
        print("".join(f"{cell:>15}" for cell in cells))
    print(json.dumps({"bench": "voice_prep", "ray": through_ray, "rows": rows}))


if __name__ == "__main__":
    main()
