"""One machine as if it had many GPUs: what N samplers speak, and what one ingress carries.

The graph is the real one, over HTTP; only the engine is simulated, and sleeps where a GPU would
compute, stretched so that a few cores carry many. `of N` is the throughput over N times that of the
engine alone, in this process and with as many jobs at a time as a sampler has clients. `cores` is
the CPU time per second of the graph and the clients, `machine` what all processes took. CPU ms are
those of one request, by process, which other work on the machine does not change.

    python -m bench.scale_out [--samplers 1 2 4 8 16] [--seconds 20] [--slowdown 3]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import psutil
from ray import serve

from bench.load import VOICE, VOICES_DIR, calling, cores_busy
from bench.simulated_engine import NAME, SLOWDOWN_VARIABLE, TEXT, SimulatedEngine, register
from engine.echo.options import EchoOptions
from engine.protocol import Job

MANY_STEPS, FEW_STEPS = 40, 2
FORMATS = ("pcm", "opus", "mp3")
CLIENTS_PER_SAMPLER = 6
WARM_UP_S = 8.0
"""The time until clients that began at once are spread out."""
PROCESSES = ("ProxyActor", "Ingress", "VoicePrep", "Sampler", "clients")


def main() -> None:
    """Run the benchmark; print two tables and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samplers", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    parser.add_argument("--seconds", type=float, default=20.0, help="per case")
    parser.add_argument("--slowdown", type=float, default=3.0)
    parser.add_argument("--carry", action=argparse.BooleanOptionalAction, default=True)
    given = parser.parse_args()
    register()
    from bench.cluster import private_cluster  # now that the engine is known

    os.environ[SLOWDOWN_VARIABLE] = str(given.slowdown)
    most = max(given.samplers)
    with private_cluster(
        num_cpus=2 * most, num_gpus=most, setup_hook="bench.simulated_engine.register"
    ) as url:
        alone = asyncio.run(draw_alone(given.seconds))
        scaling = [scale(url, num, given.seconds) for num in given.samplers]
        report_scaling(alone, scaling)
        carrying = [
            carry(url, output_format, stream, given.seconds)
            for output_format in FORMATS
            for stream in (False, True)
            if given.carry
        ]
        report_carrying([*scaling, *carrying])
    rows = {"alone": alone, "scaling": scaling, "carrying": carrying}
    print(json.dumps({"benchmark": "scale_out", **rows}, default=vars))


@dataclass(frozen=True)
class Load:
    """A measured load.

    Attributes:
        name: The case.
        rate: Requests a second.
        cpu_ms: CPU time by process, per request.
        machine: Cores that the whole machine was busy with.
    """

    name: str
    rate: float
    cpu_ms: dict[str, float]
    machine: float

    @property
    def cores(self) -> float:
        """The CPU time per second of the graph and the clients."""
        return self.rate * sum(self.cpu_ms.values()) / 1000


async def draw_alone(seconds: float) -> float:
    """Return the jobs a second of an engine without a graph."""
    simulated = SimulatedEngine(EchoOptions(), max_waiting_jobs=CLIENTS_PER_SAMPLER)
    job = Job(TEXT, 0, {"num_steps": MANY_STEPS})

    async def draw() -> None:
        async for _ in simulated.generate(job, None, lambda: None):
            pass

    async with calling(draw, CLIENTS_PER_SAMPLER) as count:
        await asyncio.sleep(WARM_UP_S)
        before, started = count(), time.perf_counter()
        await asyncio.sleep(seconds)
        return (count() - before) / (time.perf_counter() - started)


def scale(url: str, num_samplers: int, seconds: float) -> Load:
    """Measure what `num_samplers` speak whose jobs are long, so that they set the pace."""
    deploy(num_samplers)
    clients = CLIENTS_PER_SAMPLER * num_samplers
    return measure(str(num_samplers), speech(url, "pcm", MANY_STEPS), clients, seconds)


def carry(url: str, output_format: str, stream: bool, seconds: float) -> Load:
    """Measure one ingress in front of samplers whose jobs are short, so that it sets the pace."""
    name = f"{output_format}, {'stream' if stream else 'whole'}"
    return measure(name, speech(url, output_format, FEW_STEPS, stream), 16, seconds)


def deploy(num_samplers: int) -> None:
    """Serve the graph with as many simulated samplers."""
    from serve_app.graph import build_app  # now that the engine is known
    from serve_app.settings import Settings

    serve.run(
        build_app(
            Settings(
                engine=NAME,
                voices_dir=VOICES_DIR,
                sampler_replicas=num_samplers,
                max_requests=1000,
            )
        )
    )


Speak = Callable[[aiohttp.ClientSession], Any]


def speech(url: str, output_format: str, num_steps: int, stream: bool = False) -> Speak:
    """Return a request for a sentence of some 6 s."""
    job = {
        "text": TEXT,
        "speaker_voice": VOICE,
        "output_format": output_format,
        "parameters": {"num_steps": num_steps},
    }
    speak = {
        "input": TEXT,
        "voice": VOICE,
        "response_format": output_format,
        "parameters": {"num_steps": num_steps},
    }

    async def send(session: aiohttp.ClientSession) -> None:
        path, body = ("/v1/audio/speech", speak) if stream else ("/runsync", {"input": job})
        async with session.post(f"{url}{path}", json=body) as response:
            response.raise_for_status()
            await response.read()

    return send


def measure(name: str, speak: Speak, clients: int, seconds: float) -> Load:
    """Let `clients` speak in a loop."""

    async def run() -> Load:
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
            calling(lambda: speak(session), clients) as count,
        ):
            await asyncio.sleep(WARM_UP_S)
            cores_busy()
            before, spent, started = count(), cpu_s(), time.perf_counter()
            await asyncio.sleep(seconds)
            done, after = count() - before, cpu_s()
            elapsed_s = time.perf_counter() - started
            machine = cores_busy()
            cpu_ms = {kind: 1000 * (after[kind] - spent[kind]) / done for kind in PROCESSES}
            return Load(name, done / elapsed_s, cpu_ms, machine)

    return asyncio.run(run())


def cpu_s() -> dict[str, float]:
    """Return the CPU seconds that each kind of process has taken so far."""
    spent = dict.fromkeys(PROCESSES, 0.0)
    spent["clients"] = time.process_time()
    for process in psutil.Process().children(recursive=True):
        try:
            title = " ".join(process.cmdline())
            times = process.cpu_times()
        except psutil.Error:
            continue
        for kind in PROCESSES:
            if title.startswith("ray::") and kind in title:
                spent[kind] += times.user + times.system
    return spent


def report_scaling(alone: float, loads: Sequence[Load]) -> None:
    """Print the table of throughput by samplers."""
    print(f"engine alone: {alone:.2f} a second")
    print("samplers  per s  of N   cores  machine")
    for load in loads:
        print(
            f"{load.name:>8} {load.rate:>6.2f} {load.rate / int(load.name) / alone:>5.2f} "
            f"{load.cores:>6.2f} {load.machine:>8.2f}"
        )


def report_carrying(loads: Sequence[Load]) -> None:
    """Print the table of the CPU time of a request; of the last ones, what an ingress carries."""
    print(f"{'case':<14} per s  cores " + " ".join(f"{process:>10}" for process in PROCESSES))
    for load in loads:
        spent = " ".join(f"{load.cpu_ms[process]:>10.1f}" for process in PROCESSES)
        print(f"{load.name:<14} {load.rate:>5.1f} {load.cores:>6.2f} {spent}")


if __name__ == "__main__":
    main()
