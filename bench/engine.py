"""Times the echo engine against the PyPI package echo-tts, same random weights, alternating.

    python bench/engine.py                                  # a middle size, any CPU
    python bench/engine.py --size full --device cuda        # the published size, NVIDIA GPU

The reference serves one request after another and encodes the voice every time, as published.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from bench.echo_reference import SIZES, Reference, checkpoint
from engine.echo.checkpoint import Models, load_models
from engine.echo.config import DiTConfig, EchoConfig
from engine.echo.denoise import Modulations, Trajectory, denoise
from engine.echo.engine import EchoEngine
from engine.echo.sampling import Progress, make_plan
from engine.echo.tokenizer import tokenize
from engine.protocol import Job, Voice
from speech.parameters import SamplerParameters
from speech.pcm import FRAME_SAMPLES, SAMPLE_RATE_HZ
from tests.engine.echo import reference

SHORT = "The quick brown fox."
LONG = "She sells sea shells by the sea shore, and what she sells are shells for sure. " * 4


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@dataclass
class Bench:
    """What all cases share."""

    config: EchoConfig
    device: torch.device
    parameters: SamplerParameters
    voice: np.ndarray
    repeats: int
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def audio_s(self) -> float:
        """Length of one result."""
        return int(self.parameters.sequence_length) * FRAME_SAMPLES / SAMPLE_RATE_HZ

    def time(self, *actions: Callable[[], object]) -> list[float]:
        """Return the best time of each action in s, measured alternately after one warm-up."""
        best = [float("inf")] * len(actions)
        for attempt in range(self.repeats + 1):
            for i, action in enumerate(actions):
                _wait(self.device)
                started = time.perf_counter()
                action()
                _wait(self.device)
                if attempt:
                    best[i] = min(best[i], time.perf_counter() - started)
        return best

    def report(self, case: str, ours: float, theirs: float | None, note: str = "") -> None:
        """Print one row and keep it."""
        ratio = None if theirs is None else theirs / ours
        columns = (
            f"{ours * 1e3:10.1f}",
            f"{theirs * 1e3:12.1f}" if theirs is not None else f"{'-':>12}",
            f"{ratio:6.2f}x" if ratio is not None else f"{'-':>7}",
        )
        print(f"{case:44}{''.join(columns)}  {note}", flush=True)
        self.rows.append({"case": case, "ours_s": ours, "reference_s": theirs, "note": note})


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
            pieces = engine.generate(job, Voice(key, load), lambda: None)
            async for _ in pieces:
                if stream:
                    break  # the first piece is what was asked for
            await pieces.aclose()

        async def all_of_them() -> None:
            await asyncio.gather(*(one(seed) for seed in range(num_jobs)))

        loop.run_until_complete(all_of_them())

    return speak


def requests(bench: Bench, engine: EchoEngine, theirs: Reference, loop: Any) -> None:
    """Whole requests, end to end."""
    speak = ours_speak(bench, engine, loop)

    def rtf(seconds: float, num_jobs: int = 1) -> str:
        speed = num_jobs * bench.audio_s / seconds
        return f"{speed:.2f} audio s/s, RTF {1 / speed:.3f}"

    single = {}
    for name, text in (("short text", SHORT), ("long text", LONG)):
        cached, fresh, single[name] = bench.time(
            lambda text=text: speak(text),
            lambda text=text: speak(text, cached=False),
            lambda text=text: theirs.speak(bench.parameters, text, bench.voice),
        )
        bench.report(f"1 request, {name}, voice cached", cached, single[name], rtf(cached))
        bench.report(f"1 request, {name}, new voice", fresh, single[name], rtf(fresh))
    for num_jobs in (4, 16):
        [seconds] = bench.time(lambda num_jobs=num_jobs: speak(LONG, num_jobs))
        bench.report(
            f"{num_jobs} requests at once, long text, voice cached",
            seconds,
            num_jobs * single["long text"],  # one after another
            rtf(seconds, num_jobs),
        )
    [first] = bench.time(lambda: speak(LONG, stream=True, steps=8))
    bench.report("first audio: block of 32 frames, 8 steps", first, None)


@torch.inference_mode()
def stages(bench: Bench, models: Models, theirs: Reference, peak_flops: float) -> None:
    """The parts of a request."""
    dit, codec, device = models.dit, models.codec, bench.device
    tokens = torch.tensor(tokenize(LONG), device=device)
    their_tokens, mask = (y.to(device) for y in reference.tokens_and_mask(LONG))
    ours_s, theirs_s = bench.time(
        lambda: dit.text_context(tokens), lambda: theirs.dit.get_kv_cache_text(their_tokens, mask)
    )
    bench.report("  text", ours_s, theirs_s, "reference: padded to 768")

    audio = torch.from_numpy(bench.voice).to(device)

    def our_voice() -> torch.Tensor:
        return dit.speaker_context(dit.speaker_state(codec.encode(audio)))

    def their_voice() -> tuple[Any, Any, Any]:
        latents, mask = reference.inference.get_speaker_latent_and_mask(
            theirs.codec, theirs.pca, audio[None]
        )
        return theirs.dit.get_kv_cache_speaker(latents.to(dit.dtype)), mask, latents

    ours_s, theirs_s = bench.time(our_voice, their_voice)
    bench.report("  voice", ours_s, theirs_s, f"{len(audio) / SAMPLE_RATE_HZ:.0f} s of audio")

    text, speaker = dit.text_context(tokens), our_voice()
    their_text = theirs.dit.get_kv_cache_text(their_tokens, mask)
    their_speaker, speaker_mask, _ = their_voice()
    num_frames = int(bench.parameters.sequence_length)
    modulations = Modulations(dit)
    for name, window, num_lanes in (("guided step", 0.0, 3), ("plain step", 1.0, 1)):
        plan = make_plan(replace(bench.parameters, num_steps=2, cfg_min_t=window), (num_frames,))
        generator = torch.Generator(device).manual_seed(0)
        latents = torch.empty((0, 80), device=device)
        trajectory = Trajectory(Progress(plan, True), text, speaker, generator, latents)

        def our_step(trajectory: Trajectory = trajectory) -> None:
            denoise(dit, modulations, [trajectory])
            trajectory.progress.step = 0

        def repeated(cache: Any, n: int = num_lanes) -> Any:
            return [(k.repeat(n, 1, 1, 1), v.repeat(n, 1, 1, 1)) for k, v in cache]

        inputs = {
            "x": torch.randn((num_lanes, num_frames, 80), device=device).to(dit.dtype),
            "t": torch.full((num_lanes,), 0.9, device=device).to(dit.dtype),
            "text_mask": mask.repeat(num_lanes, 1),
            "speaker_mask": speaker_mask.repeat(num_lanes, 1),
            "kv_cache_text": repeated(their_text),
            "kv_cache_speaker": repeated(their_speaker),
        }
        ours_s, theirs_s = bench.time(our_step, lambda inputs=inputs: theirs.dit(**inputs))
        flops = step_flops(bench.config.dit, num_frames, len(tokens), speaker.shape[2], num_lanes)
        bench.report(f"  {name}", ours_s, theirs_s, f"{flops / ours_s / peak_flops:.0%} of peak")

    z = torch.randn((num_frames, 80), device=device)
    pca = (theirs.codec, theirs.pca)
    ours_s, theirs_s = bench.time(
        lambda: codec.decode([z]), lambda: reference.inference.ae_decode(*pca, z[None])
    )
    bench.report("  decode", ours_s, theirs_s, "before cropping")
    [ours_s] = bench.time(lambda: codec.decode_next(z[:32], codec.new_stream()))
    bench.report("  decode, first 32 frames", ours_s, None)


def step_flops(
    config: DiTConfig, num_frames: int, num_text: int, num_patches: int, num_lanes: int
) -> float:
    """Return the floating point operations of one step, its matrix products only."""
    per_token = config.num_layers * (5 * config.dim**2 + 3 * config.dim * config.mlp_dim)
    per_token += 2 * config.latent_dim * config.dim
    context = [num_text + num_patches, num_patches, num_text][:num_lanes]
    keys = sum(num_frames + extra for extra in context)
    attention = 4 * num_frames * keys * config.dim * config.num_layers
    return 2.0 * per_token * num_frames * num_lanes + attention


def measure_peak(bench: Bench, dtype: torch.dtype) -> float:
    """Return the device's matrix product rate, in operations per second."""
    size = 8192 if bench.device.type == "cuda" else 1024
    a, b = (torch.randn((size, size), device=bench.device, dtype=dtype) for _ in range(2))
    [seconds] = bench.time(lambda: [a @ b for _ in range(4)])
    return 4 * 2 * size**3 / seconds


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

    on_gpu = options.device.startswith("cuda") or (
        options.device == "auto" and torch.cuda.is_available()
    )
    frames, steps, voice_s = (640, 40, 30.0) if on_gpu else (160, 8, 10.0)
    num_samples = round((options.voice_s or voice_s) * SAMPLE_RATE_HZ)
    voice = 0.1 * np.random.default_rng(0).standard_normal(num_samples)
    with checkpoint(SIZES[options.size]) as folder:
        engine = EchoEngine(weights_dir=str(folder), device=options.device, compile=options.compile)
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
        if options.compile:
            models.dit.compile_blocks()
        theirs = Reference.load(folder, bench.config, device, dtype, options.compile)
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
        print(f"{'best of ' + str(options.repeats):44}{'ours ms':>10}{'theirs ms':>12}{'ratio':>7}")
        requests(bench, engine, theirs, loop)
        stages(bench, models, theirs, peak)
        host_memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        memory = torch.cuda.max_memory_allocated(device) / 1e9 if on_gpu else host_memory
        print(f"peak memory of both together: {memory:.2f} GB")
        engine.close()
        for task in asyncio.all_tasks(loop):
            loop.run_until_complete(task)
        print(json.dumps({**about, "memory_gb": round(memory, 2), "rows": bench.rows}))


if __name__ == "__main__":
    main()
