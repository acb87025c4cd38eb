"""Times the echo engine against the PyPI package echo-tts, same random weights, alternating.

    python -m bench.engine                                  # a middle size, any CPU
    python -m bench.engine --size full --device cuda        # the published size, NVIDIA GPU

The reference serves one request after another and encodes the voice every time, as published.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import resource
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

import numpy as np
import torch

from bench.echo_reference import SIZES, Reference, checkpoint
from bench.engine_stages import measure_peak, stages
from bench.memory import num_bytes
from bench.side_by_side import Bench, Cost
from bench.threads import compute_as_a_sampler
from engine.echo.checkpoints.load import load_models
from engine.echo.engine import EchoEngine
from engine.echo.options import EchoOptions
from engine.protocol import Job, Voice
from serve_app.settings import Settings
from speech.parameters import SamplerParameters
from speech.pcm import SAMPLE_RATE_HZ

SHORT = "The quick brown fox."
LONG = "She sells sea shells by the sea shore, and what she sells are shells for sure. " * 4


def ours_speak(bench: Bench, engine: EchoEngine, loop: asyncio.AbstractEventLoop) -> Any:
    """Return a function that runs requests through the engine."""
    fresh = count()

    def speak(
        text: str, num_jobs: int = 1, cached: bool = True, stream: bool = False, steps: int = 0
    ) -> None:
        async def load() -> np.ndarray:
            return bench.voice

        async def one(seed: int) -> None:
            key = "cached" if cached else f"fresh {next(fresh)}"
            parameters = replace(bench.parameters, num_steps=steps or bench.parameters.num_steps)
            job = Job(text, seed, vars(parameters), stream)
            parts = engine.generate(job, Voice(key, load), lambda: None)
            async for _ in parts:
                if stream:
                    break  # the first piece is what was asked for
            await parts.aclose()

        async def all_of_them() -> None:
            await asyncio.gather(*(one(seed) for seed in range(num_jobs)))

        loop.run_until_complete(all_of_them())

    return speak


def requests(bench: Bench, engine: EchoEngine, theirs: Reference, loop: Any) -> None:
    """Whole requests, end to end."""
    speak = ours_speak(bench, engine, loop)

    def rtf(cost: Cost, num_jobs: int = 1) -> str:
        speed = num_jobs * bench.audio_s / cost.seconds
        return f"{speed:.2f} audio s/s, RTF {1 / speed:.3f}"

    single = {}
    for name, text in (("short text", SHORT), ("long text", LONG)):
        cached, fresh, single[name] = bench.time(
            partial(speak, text),
            partial(speak, text, cached=False),
            partial(theirs.speak, bench.parameters, text, bench.voice),
        )
        bench.report(f"1 request, {name}, voice cached", cached, single[name], rtf(cached))
        bench.report(f"1 request, {name}, new voice", fresh, single[name], rtf(fresh))
    alone = single["long text"]
    for num_jobs in (4, 16):
        one_after_another = Cost(num_jobs * alone.seconds, alone.memory_gb)
        cached, fresh = bench.time(
            partial(speak, LONG, num_jobs),
            partial(speak, LONG, num_jobs, cached=False),
        )
        for cost, voice in ((cached, "voice cached"), (fresh, "new voices")):
            case = f"{num_jobs} requests at once, long text, {voice}"
            bench.report(case, cost, one_after_another, rtf(cost, num_jobs))
    [first] = bench.time(lambda: speak(LONG, stream=True, steps=8))
    bench.report("first audio: block of 32 frames, 8 steps", first, None)


def main() -> None:
    """Run the benchmark; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="middle")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--frames", type=int, help="of each result; 160 on a CPU, 640 on a GPU")
    parser.add_argument("--steps", type=int, help="8 on a CPU, 40 on a GPU")
    parser.add_argument("--voice-s", type=float, help="reference audio; 10 on a CPU, 30 on a GPU")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--compile", action="store_true", help="compile both where they can")
    options = parser.parse_args()
    compute_as_a_sampler(Settings())

    on_gpu = options.device.startswith("cuda") or (
        options.device == "auto" and torch.cuda.is_available()
    )
    frames, steps, voice_s = (640, 40, 30.0) if on_gpu else (160, 8, 10.0)
    num_samples = round((options.voice_s or voice_s) * SAMPLE_RATE_HZ)
    voice = 0.1 * np.random.default_rng(0).standard_normal(num_samples)
    with checkpoint(SIZES[options.size]) as folder:
        engine = EchoEngine(
            EchoOptions(weights_dir=str(folder), device=options.device, compile=options.compile)
        )
        loop = asyncio.new_event_loop()
        device = torch.device(engine.device)
        dtype = torch.bfloat16 if on_gpu else torch.float32
        bench = Bench(
            config=SIZES[options.size],
            device=device,
            parameters=SamplerParameters(
                num_steps=options.steps or steps,
                sequence_length=options.frames or frames,
                truncation_factor=0.8,
            ),
            voice=voice.astype(np.float32),
            repeats=options.repeats,
        )
        models = load_models(folder, device, dtype, blockwise=True)
        theirs = Reference.load(folder, bench.config, device, dtype)
        if options.compile:
            models.dit.compile_blocks()
            theirs.compile()
        peak = measure_peak(bench, dtype)
        about = {
            "size": options.size,
            "device": torch.cuda.get_device_name(device) if on_gpu else platform.machine(),
            "threads": torch.get_num_threads(),
            "dtype": str(dtype),
            "torch": torch.__version__,
            "compile": options.compile,
            "frames": bench.parameters.sequence_length,
            "steps": bench.parameters.num_steps,
            "peak_tflops": round(peak / 1e12, 3),
        }
        print("  ".join(f"{key}={value}" for key, value in about.items()))
        bench.header()
        requests(bench, engine, theirs, loop)
        stages(bench, models, theirs, LONG, peak)
        host_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        assert isinstance(models.codec, torch.nn.Module)
        ours_and_theirs = ((models.dit, models.codec), (theirs.dit, theirs.codec))
        weights_gb = [num_bytes(*modules) / 1e9 for modules in ours_and_theirs]
        print("weights: ours {:.2f} GB, theirs {:.2f} GB".format(*weights_gb))
        print(f"peak host memory of both together: {host_gb:.2f} GB")
        engine.close()
        for task in asyncio.all_tasks(loop):
            loop.run_until_complete(task)
        print(
            json.dumps({**about, "weights_gb": weights_gb, "host_gb": host_gb, "rows": bench.rows})
        )


if __name__ == "__main__":
    main()
