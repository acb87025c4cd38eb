"""Streaming: time to first audio and throughput with 1, 4, 16 and 32 clients.

Each client asks for a sentence, reads it as it comes, and asks again. In the same run the engine is
called directly in this process, by as many clients: the floor under the graph. A client stalls
where a player that started with the first audio would have run out of it.

    python -m bench.streaming [--weights-dir echo-mini] [--device cpu] [--seconds 10]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from ray import serve

from bench.cluster import private_cluster
from bench.load import VOICE, VOICES_DIR, percentiles_ms, repeat, sample_voice
from bench.open_loop_score import BYTES_PER_SAMPLE
from bench.threads import compute_as_a_sampler
from engine import create_engine
from engine.protocol import Job
from serve_app.graph import build_app
from serve_app.settings import Settings
from speech.pcm import SAMPLE_RATE_HZ

TEXT = "The quick brown fox jumps over the lazy dog, and runs away into the quiet woods."
CLIENTS = (1, 4, 16, 32)

Stream = Callable[[], AsyncIterator[int]]
"""Asks for the sentence; yields the number of samples of each piece as it comes."""


@dataclass
class Hearing:
    """One stream as its client hears it."""

    started: float = field(default_factory=time.perf_counter)
    first_s: float = 0.0
    stall_s: float = 0.0
    audio_s: float = 0.0
    total_s: float = 0.0

    def hear(self, num_samples: int) -> None:
        """Take note of audio that came just now."""
        elapsed = time.perf_counter() - self.started
        if self.audio_s == 0:
            self.first_s = elapsed
        self.stall_s = max(self.stall_s, elapsed - self.first_s - self.audio_s)
        self.audio_s += num_samples / SAMPLE_RATE_HZ
        self.total_s = elapsed


def main() -> None:
    """Run the benchmark; print a table and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights-dir", default="echo-mini", help="a checkpoint's name or folder")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seconds", type=float, default=10.0, help="per case")
    given = parser.parse_args()
    settings = Settings(
        weights_dir=given.weights_dir,
        device=given.device,
        voices_dir=VOICES_DIR,
        max_requests=2 * max(CLIENTS),
    )
    compute_as_a_sampler(settings)
    with private_cluster() as url:
        serve.run(build_app(settings))
        rows = asyncio.run(run(url, settings, given.seconds))
    print(json.dumps({"benchmark": "streaming", "checkpoint": given.weights_dir, "rows": rows}))


async def run(url: str, settings: Settings, seconds: float) -> list[dict[str, Any]]:
    """Time every case, and print a row for each."""
    engine = create_engine(settings.engine, settings.engine_options, settings.max_waiting_jobs)
    voice = sample_voice()

    async def from_engine() -> AsyncIterator[int]:
        job = Job(TEXT, 0, stream=True)
        async for part in engine.generate(job, voice, lambda: None):
            yield len(part.pcm)

    rows = []
    print("clients   case  first p50 ms  first p95 ms  stall p95 ms  audio s per s")
    async with aiohttp.ClientSession(url) as session:

        async def from_graph() -> AsyncIterator[int]:
            body = {"input": TEXT, "voice": VOICE, "response_format": "pcm", "sample_rate": 44100}
            async with session.post("/v1/audio/speech", json=body) as response:
                response.raise_for_status()
                async for packet in response.content.iter_any():
                    yield len(packet) // BYTES_PER_SAMPLE

        for clients in CLIENTS:
            for case, stream in (("engine", from_engine), ("graph", from_graph)):
                row = await time_streams(stream, clients, seconds)
                print(f"{clients:>7} {case:>6} " + " ".join(f"{x:>13.2f}" for x in row.values()))
                rows.append({"clients": clients, "case": case, **row})
    engine.close()
    return rows


async def time_streams(stream: Stream, clients: int, seconds: float) -> dict[str, float]:
    """Let `clients` hear `stream` again and again for `seconds`."""

    async def hear() -> Hearing:
        hearing = Hearing()
        async for num_samples in stream():
            hearing.hear(num_samples)
        return hearing

    hearings = await repeat(hear, clients, seconds)
    first_p50, first_p95 = percentiles_ms([hearing.first_s for hearing in hearings], 50, 95)
    (stall_p95,) = percentiles_ms([hearing.stall_s for hearing in hearings], 95)
    heard_s = sum(hearing.audio_s for hearing in hearings)
    return {
        "first_p50_ms": first_p50,
        "first_p95_ms": first_p95,
        "stall_p95_ms": stall_p95,
        "audio_s_per_s": clients * heard_s / sum(hearing.total_s for hearing in hearings),
    }


if __name__ == "__main__":
    main()
