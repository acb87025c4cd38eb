"""The worth of a request router to many GPUs: voices held, time waited, evenness.

Simulated samplers in this process, in virtual time, behind the router classes that Ray Serve would
run: its own (power of two choices) and ours. Requests come at random, in voices with a long tail.

    python -m bench.routing [--samplers 16] [--voices 200] [--load 0.7] [--requests 20000]
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from ray.serve._private.request_router.pow_2_router import PowerOfTwoChoicesRequestRouter
from ray.serve.request_router import RequestRouter

from bench import virtual_time
from bench.simulated_engine import VOICE_BYTES_PER_S
from bench.simulated_fleet import SimulatedSampler, call, make_router
from deployments.prepared_voice import PreparedVoice
from deployments.sampler_router import SamplerRouter
from engine.echo.options import EchoOptions
from engine.protocol import Job
from speech.pcm import SAMPLE_RATE_HZ

JOBS_PER_S = 3.3
"""Jobs that one sampler draws in a second when it has many."""
ROUTERS: dict[str, type[RequestRouter]] = {
    "power of two": PowerOfTwoChoicesRequestRouter,
    "voice affinity": SamplerRouter,
}


@dataclass(frozen=True)
class Case:
    """The conditions of a run."""

    samplers: int
    ingresses: int
    voices: int
    held: int
    load: float
    requests: int


@dataclass(frozen=True)
class Row:
    """The results of a run: times in ms; `share` is the busiest sampler's jobs over the mean."""

    hits: float
    p50: float
    p95: float
    p99: float
    share: float
    busy: float


def main() -> None:
    """Run the benchmark; print a table and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samplers", type=int, default=16)
    parser.add_argument("--voices", type=int, default=200)
    parser.add_argument("--load", type=float, default=0.7, help="of what the samplers can draw")
    parser.add_argument("--requests", type=int, default=20000)
    given = parser.parse_args()
    rows = []
    print("ingresses  held  router           hits   p50   p95   p99  share  busy")
    for ingresses, held in itertools.product((1, 4), (25, 2500)):
        case = Case(given.samplers, ingresses, given.voices, held, given.load, given.requests)
        for name, router in ROUTERS.items():
            row = virtual_time.run(simulate(router, case))
            print(
                f"{ingresses:>9} {held:>5}  {name:<14} {row.hits:>5.1%} {row.p50:>5.0f} "
                f"{row.p95:>5.0f} {row.p99:>5.0f} {row.share:>6.2f} {row.busy:>5.1%}"
            )
            rows.append({"router": name, **asdict(case), **asdict(row)})
    print(json.dumps({"benchmark": "routing", "rows": rows}))


async def simulate(kind: type[RequestRouter], case: Case) -> Row:
    """Send the requests of a case through routers of a kind."""
    options = EchoOptions(speaker_host_bytes=case.held * 30 * VOICE_BYTES_PER_S)
    samplers = [SimulatedSampler(f"sampler{n:03}", options) for n in range(case.samplers)]
    routers = [make_router(kind, samplers) for _ in range(case.ingresses)]
    random.seed(0)
    times_s: list[float] = []
    loop = asyncio.get_running_loop()

    async def speak(number: int, voice: PreparedVoice) -> None:
        started = loop.time()
        await call(
            routers[number % len(routers)], Job("A sentence.", 0, {}, request_id=str(number)), voice
        )
        times_s.append(loop.time() - started)

    async with asyncio.TaskGroup() as running:
        for number, voice in enumerate(itertools.islice(long_tail(case.voices), case.requests)):
            await asyncio.sleep(random.expovariate(case.load * JOBS_PER_S * case.samplers))
            running.create_task(speak(number, voice))
    return report([sampler.engine.totals for sampler in samplers], times_s, loop.time())


def long_tail(num_voices: int) -> Iterator[PreparedVoice]:
    """Yield voices of 30 s for ever, each as often as its rank says (Zipf)."""
    voices = [PreparedVoice("", f"voice{n}", 30 * SAMPLE_RATE_HZ) for n in range(num_voices)]
    weights = [1 / rank for rank in range(1, num_voices + 1)]
    chosen = random.Random(1)
    while True:
        yield from chosen.choices(voices, weights, k=1000)


def report(totals: Sequence[dict[str, float]], times_s: Sequence[float], elapsed_s: float) -> Row:
    """Return the figures of a run."""
    hits = sum(total["speaker_cache_hits"] for total in totals)
    jobs = [total["jobs"] for total in totals]
    cuts = statistics.quantiles(times_s, n=100)
    return Row(
        hits=hits / sum(jobs),
        p50=1000 * cuts[49],
        p95=1000 * cuts[94],
        p99=1000 * cuts[98],
        share=max(jobs) / statistics.fmean(jobs),
        busy=sum(total["busy_s"] for total in totals) / elapsed_s / len(totals),
    )


if __name__ == "__main__":
    main()
