"""The worth of a request router to many GPUs, on the real graph: `bench.routing` in real time.

The graph is served over HTTP with simulated samplers, once with each router. Their times are
stretched, so that two cores carry all of it. Requests come at random, in voices of 30 s with a long
tail; VoicePrep has them decoded before. `alone` is a request in a voice that is held, when there is
no other; `cores` are those that the whole machine was busy with.

    python -m bench.routing_on_ray [--samplers 16] [--voices 200] [--load 0.9] [--requests 400]
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiohttp
import numpy as np
import soundfile
from ray import serve
from ray.serve.request_router import RequestRouter

from bench.load import cores_busy
from bench.routing import JOBS_PER_S, ROUTERS, long_tail, report
from bench.simulated_engine import NAME, SLOWDOWN_VARIABLE, TEXT, VOICE_BYTES_PER_S, register
from speech.pcm import SAMPLE_BYTES, SAMPLE_RATE_HZ

VOICE_S = 30
SPARE_BYTES = 256 * 2**20


def main() -> None:
    """Run the benchmark; print a table and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samplers", type=int, default=16)
    parser.add_argument("--voices", type=int, default=200)
    parser.add_argument("--held", type=int, default=25, help="voices that a sampler keeps")
    parser.add_argument("--load", type=float, nargs="+", default=[0.9], help="of what they draw")
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--slowdown", type=float, default=8.0)
    given = parser.parse_args()
    register()
    from bench.cluster import private_cluster  # now that the engine is known

    os.environ[SLOWDOWN_VARIABLE] = str(given.slowdown)
    voices_bytes = given.voices * VOICE_S * SAMPLE_RATE_HZ * SAMPLE_BYTES
    rows = []
    print("load  router           hits  alone   p50   p95   p99  share  busy  cores")
    with (
        voices_folder(given.voices) as folder,
        private_cluster(
            num_cpus=2 * given.samplers,
            num_gpus=given.samplers,
            setup_hook="bench.simulated_engine.register",
            object_store_bytes=voices_bytes + SPARE_BYTES,
        ) as url,
    ):
        settings = {
            "engine": NAME,
            "voices_dir": folder,
            "voice_cache_bytes": voices_bytes + SPARE_BYTES // 2,
            "sampler_replicas": given.samplers,
            "speaker_host_bytes": given.held * VOICE_S * VOICE_BYTES_PER_S,
            "max_requests": 1000,
        }
        rate = JOBS_PER_S / given.slowdown * given.samplers
        for load, (name, router) in itertools.product(given.load, ROUTERS.items()):
            deploy(router, settings)
            prepare_voices(folder)
            measured = asyncio.run(send(url, given.voices, rate * load, given.requests))
            row = report(totals(), measured.times_s, measured.elapsed_s)
            print(
                f"{load:<4}  {name:<14} {row.hits:>6.1%} {measured.alone_ms:>6.0f} {row.p50:>5.0f} "
                f"{row.p95:>5.0f} {row.p99:>5.0f} {row.share:>6.2f} {row.busy:>5.1%} "
                f"{measured.cores:>6.2f}",
                flush=True,
            )
            rows.append(
                {
                    "load": load,
                    "router": name,
                    "alone_ms": measured.alone_ms,
                    "cores": measured.cores,
                    **asdict(row),
                }
            )
    print(json.dumps({"benchmark": "routing_on_ray", **vars(given), "rows": rows}))


@contextmanager
def voices_folder(num_voices: int) -> Iterator[str]:
    """Yield a folder of as many voices, which are noise."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(num_voices):
            audio = np.random.default_rng(number).uniform(-0.1, 0.1, VOICE_S * SAMPLE_RATE_HZ)
            soundfile.write(Path(folder, f"voice{number}.wav"), audio, SAMPLE_RATE_HZ)
        yield folder


def deploy(router: type[RequestRouter], settings: Mapping[str, Any]) -> None:
    """Serve the graph anew, with a router of that kind before its samplers."""
    from serve_app import graph  # now that the engine is known
    from serve_app.settings import Settings

    with patch.object(graph, "SamplerRouter", router):  # there is no setting for it
        serve.run(graph.build_app(Settings(**settings)))


def prepare_voices(folder: str) -> None:
    """Let VoicePrep decode every voice."""
    voice_prep = serve.get_deployment_handle("VoicePrep", "default")
    for file in Path(folder).iterdir():
        voice_prep.prepare.remote(file.name).result()


@dataclass(frozen=True)
class Measured:
    """The measurements of the callers.

    Attributes:
        times_s: Seconds of each request.
        elapsed_s: Seconds of all of them.
        alone_ms: The time of a request alone.
        cores: Those that the machine was busy with.
    """

    times_s: list[float]
    elapsed_s: float
    alone_ms: float
    cores: float


async def send(url: str, num_voices: int, rate: float, num_requests: int) -> Measured:
    """Send a few requests one after the other, then all at a rate."""
    times_s: list[float] = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def speak(voice: str, seed: int) -> float:
            body = {"input": TEXT, "voice": voice, "response_format": "pcm", "seed": seed}
            started = time.perf_counter()
            async with session.post(f"{url}/v1/audio/speech", json=body) as response:
                response.raise_for_status()
                await response.read()
            return time.perf_counter() - started

        async def speak_timed(voice: str, seed: int) -> None:
            times_s.append(await speak(voice, seed))

        _, *alone_s = [await speak(f"voice{num_voices - 1}.wav", seed) for seed in range(4)]
        random.seed(0)
        cores_busy()
        started = next_s = time.perf_counter()
        async with asyncio.TaskGroup() as running:
            for seed, voice in enumerate(itertools.islice(long_tail(num_voices), num_requests)):
                next_s += random.expovariate(rate)
                await asyncio.sleep(next_s - time.perf_counter())
                running.create_task(speak_timed(f"{voice.key}.wav", seed))
        elapsed_s = time.perf_counter() - started
        cores = cores_busy()
    return Measured(times_s, elapsed_s, 1000 * statistics.median(alone_s), cores)


def totals() -> list[dict[str, float]]:
    """Return what each sampler has done so far."""
    sampler = serve.get_deployment_handle("Sampler", "default")
    return [answer["stats"] for answer in sampler.broadcast("report").results()]


if __name__ == "__main__":
    main()
