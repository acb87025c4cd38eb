"""The cost of the graph on top of its engine: latency of one short sentence over HTTP.

Timed in one run, with 1 and with 16 clients: the engine called directly in this process; a bare
FastAPI deployment on the same Ray Serve that returns as many bytes; one that gets them from a
second deployment, as every ingress with a sampler behind it must; and the graph.
`added` is graph minus engine, at the same percentile: HTTP, routing and voice lookup; `graph mp3`
encodes as well. The engine takes one step of a short span with echo-mini on the CPU: as little as
there is, so that its own time does not drown what is added. It is not speech.

    python -m bench.graph [--seconds 10] [--proxy auto|haproxy|uvicorn]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics

import aiohttp
from ray import serve

from bench.bare_apps import bare_app, bare_pair
from bench.cluster import private_cluster
from bench.load import VOICE, VOICES_DIR, percentiles_ms, repeat, sample_voice, timed
from bench.threads import compute_as_a_sampler
from engine.echo.engine import EchoEngine
from engine.echo.options import EchoOptions
from engine.protocol import Job
from serve_app.graph import build_app
from serve_app.settings import Settings

TEXT = "Good morning."
PARAMETERS = {"num_steps": 1, "sequence_length": 32}
CLIENTS = (1, 16)


def main() -> None:
    """Run the benchmark; print a table and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="per case")
    parser.add_argument("--proxy", default="auto", help="as the setting")
    given = parser.parse_args()
    seconds = given.seconds
    settings = Settings(device="cpu", voices_dir=VOICES_DIR)
    compute_as_a_sampler(settings)
    with private_cluster(given.proxy) as url:
        serve.run(build_app(settings), name="graph", route_prefix="/graph")
        body = asyncio.run(_fetch_once(f"{url}/graph"))
        serve.run(bare_app(len(body)), name="bare", route_prefix="/bare")
        serve.run(bare_pair(len(body)), name="pair", route_prefix="/pair")
        results = {}
        for clients in CLIENTS:
            results[clients] = {
                "engine": asyncio.run(time_engine(clients, seconds)),
                "bare": asyncio.run(time_http(f"{url}/bare", clients, seconds)),
                "bare pair": asyncio.run(time_http(f"{url}/pair", clients, seconds)),
                "graph": asyncio.run(time_http(f"{url}/graph", clients, seconds)),
                "graph mp3": asyncio.run(time_http(f"{url}/graph", clients, seconds, "mp3")),
            }
    report(results, len(body))


async def _post(session: aiohttp.ClientSession, url: str, output_format: str) -> bytes:
    body = {
        "input": TEXT,
        "voice": VOICE,
        "response_format": output_format,
        "sample_rate": 44100,
        "parameters": PARAMETERS,
    }
    async with session.post(f"{url}/v1/audio/speech", json=body) as response:
        response.raise_for_status()
        return await response.read()


async def _fetch_once(url: str) -> bytes:
    async with aiohttp.ClientSession() as session:
        return await _post(session, url, "pcm")


async def time_http(
    url: str, clients: int, seconds: float, output_format: str = "pcm"
) -> list[float]:
    """Return the latency of each request, in seconds."""
    async with aiohttp.ClientSession() as session:
        return await repeat(timed(lambda: _post(session, url, output_format)), clients, seconds)


async def time_engine(clients: int, seconds: float) -> list[float]:
    """Return the latency of each job given to the engine directly, in seconds."""
    engine = EchoEngine(EchoOptions(device="cpu"))
    job = Job(TEXT, 0, PARAMETERS, stream=True)
    voice = sample_voice()

    async def speak() -> None:
        async for _ in engine.generate(job, voice, lambda: None):
            pass

    try:
        return await repeat(timed(speak), clients, seconds)
    finally:
        engine.close()


def report(results: dict[int, dict[str, list[float]]], num_bytes: int) -> None:
    """Print the table, then the JSON line."""
    rows = []
    print(f"{'clients':>7} {'case':>10} {'p50 ms':>8} {'p99 ms':>8} {'per s':>8}")
    for clients, cases in results.items():
        percentiles = {case: percentiles_ms(latencies, 50, 99) for case, latencies in cases.items()}
        percentiles["added"] = tuple(
            graph - engine
            for graph, engine in zip(percentiles["graph"], percentiles["engine"], strict=True)
        )
        for case, (p50, p99) in percentiles.items():
            mean = statistics.fmean(cases[case]) if case in cases else None
            rate = clients / mean if mean else None
            print(f"{clients:>7} {case:>10} {p50:>8.1f} {p99:>8.1f} {rate or '':>8.6}")
            rows.append({"clients": clients, "case": case, "p50_ms": p50, "p99_ms": p99})
    print(json.dumps({"benchmark": "graph", "response_bytes": num_bytes, "rows": rows}))


if __name__ == "__main__":
    main()
