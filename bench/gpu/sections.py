"""What is measured, in the order of its worth: a section that fails costs no other.

A section takes the `Setting` that they share. On a CPU all run at a tiny size, the kernels in
Triton's interpreter, to show that every line does that needs no GPU.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

from bench.echo_reference import Reference
from bench.engine import LONG, ours_speak
from bench.engine_stages import step_flops
from bench.gpu.models import share
from bench.gpu.timing import Report
from bench.side_by_side import Bench
from engine.echo import engine as engine_module
from engine.echo.checkpoints.load import Models
from engine.echo.checkpoints.tiny import random_models
from engine.echo.codecs.dac.codec import S1DAC
from engine.echo.config import EchoConfig
from engine.echo.denoise import Trajectory, denoise
from engine.echo.engine import EchoEngine
from engine.echo.forward import Forward
from engine.echo.forward.buckets import MAX_CONTEXT, bucket_sizes
from engine.echo.forward.packed import PackedForward
from engine.echo.forward.plain import PlainForward
from engine.echo.graphs import GraphCapture
from engine.echo.model.ops import ops_for
from engine.echo.model.tokenizer import tokenize
from engine.echo.options import EchoOptions
from engine.echo.proof import find_difference, prove_in_child
from engine.echo.sampling import Progress, make_plan
from speech.parameters import SamplerParameters
from speech.pcm import SAMPLE_RATE_HZ


@dataclass
class Setting:
    """What the sections share.

    Attributes:
        report: Where the numbers go.
        config: The sizes of the model.
        folder: A checkpoint folder of that config; its weights are not read.
        dtype: The transformer's.
        frames: Frames of a result.
        steps: Steps of a request.
        voice: Reference audio.
        peak: Operations per second of a large matrix product, once measured.
    """

    report: Report
    config: EchoConfig
    folder: Path
    dtype: torch.dtype
    frames: int
    steps: int
    voice: np.ndarray
    peak: float | None = None
    _models: Models | None = field(default=None, repr=False)
    _reference: Reference | None = field(default=None, repr=False)

    @property
    def device(self) -> torch.device:
        """Where all runs."""
        return self.report.device

    @property
    def on_gpu(self) -> bool:
        """Whether that is a GPU."""
        return self.device.type == "cuda"

    @property
    def models(self) -> Models:
        """Our networks, with random weights."""
        if self._models is None:
            with torch.inference_mode(False):  # a compiler takes no tensor made in it
                self._models = random_models(self.config, self.device, self.dtype)
        return self._models

    @property
    def reference(self) -> Reference:
        """The package's networks, with the same."""
        if self._reference is None:
            with torch.inference_mode(False):
                self._reference = share(self.models)
        return self._reference

    @property
    def parameters(self) -> SamplerParameters:
        """Of every request."""
        return SamplerParameters(
            num_steps=self.steps, sequence_length=self.frames, truncation_factor=0.8
        )


def device(setting: Setting) -> None:
    """The rates that everything else is held against."""
    report, size = setting.report, 8192 if setting.on_gpu else 256
    a, b = (torch.randn((size, size), device=setting.device).to(setting.dtype) for _ in range(2))
    ms = report.time(lambda: a @ b).pipelined
    setting.peak = 2 * size**3 / ms * 1e3
    report.row("matrix product, TFLOP/s", setting.peak / 1e12, str(setting.dtype))
    source = torch.randn(2**30 if setting.on_gpu else 2**20, device=setting.device)
    target = torch.empty_like(source)
    ms = report.time(lambda: target.copy_(source)).pipelined
    report.row("copy, TB/s read and written", 2 * source.nbytes / ms / 1e9)
    tiny = torch.zeros(16, device=setting.device)
    us = report.time(lambda: [tiny.add_(1) for _ in range(1000)]).host
    report.row("host: a launch, us", us)


def proof(setting: Setting) -> None:
    """The kernels' proof of themselves, as a replica takes it."""
    started = time.monotonic()
    reason = prove_in_child(setting.folder, setting.device, setting.dtype)
    setting.report.row("trial in a child, s", time.monotonic() - started, reason or "proved")


def steps(setting: Setting) -> None:
    """A step, guided and plain, of a whole and of a first block, on every path."""
    dit, on_gpu = setting.models.dit, setting.on_gpu
    text = dit.text_context(torch.tensor(tokenize(LONG), device=setting.device))
    patches = torch.randn((round(len(setting.voice) / 2048) // 4 * 4, 80), device=setting.device)
    speaker = dit.speaker_context(dit.speaker_state(patches))
    ops = ops_for(fused=True)
    paths: dict[str, Forward] = {"plain": PlainForward(dit), "fused": PackedForward(dit, ops)}
    if on_gpu:
        started = time.monotonic()
        graphs = PackedForward(dit, ops, bucket_sizes(2560), MAX_CONTEXT)
        before = torch.cuda.memory_reserved()
        number = graphs.capture(GraphCapture())
        memory = f"{(torch.cuda.memory_reserved() - before) / 1e9:.2f} GB"
        setting.report.row(f"capture of {number} passes, s", time.monotonic() - started, memory)
        paths["graphs"] = graphs
        difference = find_difference(setting.models, graphs, ops)
        print(f"  against plain PyTorch: {difference or 'the same up to rounding'}")
    shapes = (setting.frames, 32) if on_gpu else (setting.frames,)
    for num_frames in shapes:
        for name, min_t, num_lanes in (("guided", 0.0, 3), ("plain", 1.0, 1)):
            flops = step_flops(
                setting.config.dit, num_frames, text.shape[2], speaker.shape[2], num_lanes
            )
            for path, forward in paths.items():
                step = _step(setting, forward, num_frames, min_t, (text, speaker))
                case = f"{name} step of {num_frames}, {path}"
                times = setting.report.times(case, step)
                if setting.peak is not None:
                    rate = flops / times.pipelined * 1e3 / setting.peak
                    print(f"{'':56}{rate:>12.1%}  of the matrix product's rate")


def _step(
    setting: Setting,
    forward: Forward,
    num_frames: int,
    min_t: float,
    context: tuple[torch.Tensor, torch.Tensor],
) -> Callable[[], None]:
    parameters = replace(setting.parameters, num_steps=2, cfg_min_t=min_t)
    plan = make_plan(parameters, (num_frames,))
    generator = torch.Generator(setting.device).manual_seed(0)
    latents = torch.empty((0, 80), device=setting.device)
    trajectory = Trajectory(Progress(plan, True), *context, generator, latents)

    def step() -> None:
        denoise(forward, [trajectory])
        trajectory.progress.step = 0

    return step


def decode(setting: Setting) -> None:
    """Decoding, with plain and with fused Snakes, at new lengths and at prepared ones."""
    codec, report = setting.models.codec, setting.report
    assert isinstance(codec, S1DAC)
    z = 0.3 * torch.randn((setting.frames, 80), device=setting.device)
    for fused in (False, True):
        codec.use_ops(ops_for(fused))
        name = "fused" if fused else "plain"
        report.times(f"decode of {setting.frames}, {name} Snakes", lambda: codec.decode([z]))
        report.times(
            f"decode of a stream's first {len(z[:32])}, {name} Snakes",
            lambda: codec.decode_next(z[:32], codec.new_stream()),
        )
    if setting.on_gpu:
        for length in (601, 603):
            first = report.alone(partial(codec.decode, [z[:length]]), repeats=1)
            again = report.alone(partial(codec.decode, [z[:length]]))
            report.row(f"decode of {length}, never seen, ms", first, f"again {again:.1f}")
        started = time.monotonic()
        codec.prepare_lengths(setting.frames, GraphCapture())
        report.row("all lengths prepared, s", time.monotonic() - started)
        first = report.alone(lambda: codec.decode([z[:605]]), repeats=1)
        report.row("decode of 605, prepared, never seen, ms", first)
        report.times(
            "decode of a stream's first 32, graph",
            lambda: codec.decode_next(z[:32], codec.new_stream()),
        )
    audio = torch.from_numpy(setting.voice).to(setting.device)
    seconds = len(audio) / SAMPLE_RATE_HZ
    report.times(f"encode of {seconds:.0f} s of a voice", lambda: codec.encode(audio))


@contextmanager
def _engine(setting: Setting, **options: Any) -> Iterator[Callable[..., None]]:
    """Yield a function that speaks with an engine on the setting's networks."""
    chosen = EchoOptions(
        weights_dir=str(setting.folder),
        device=setting.device.type,
        **options,
    )
    started = time.monotonic()
    with patch.object(engine_module, "load_models", lambda *_: setting.models):
        engine = EchoEngine(chosen)
    setting.report.row(f"start with {options}, s", time.monotonic() - started, engine.warning or "")
    loop = asyncio.new_event_loop()
    bench = Bench(setting.config, setting.device, setting.parameters, setting.voice, 1)
    try:
        yield ours_speak(bench, engine, loop)
    finally:
        engine.close()
        for task in asyncio.all_tasks(loop):
            loop.run_until_complete(task)
        loop.close()


def _requests(setting: Setting, **options: Any) -> None:
    report, many = setting.report, 16 if setting.on_gpu else 2
    label = ", ".join(f"{name}={value}" for name, value in options.items())
    with _engine(setting, **options) as speak:
        speak(LONG)
        report.row(f"request, voice cached, {label}, ms", report.alone(lambda: speak(LONG), 3))
        first = report.alone(lambda: speak(LONG, stream=True), 3)
        report.row(f"first audio, {setting.steps} steps, {label}, ms", first)
        if not setting.on_gpu and options["kernels"] == "on":
            return  # the interpreter takes its time
        first = report.alone(lambda: speak(LONG, stream=True, steps=8), 3)
        report.row(f"first audio, 8 steps, {label}, ms", first)
        report.row(
            f"request, new voice, {label}, ms", report.alone(lambda: speak(LONG, cached=False), 3)
        )
        speak(LONG, many)
        ms = report.alone(lambda: speak(LONG, many), 1)
        report.row(f"{many} at once, {label}, ms", ms, f"{many / ms * 1e3:.2f} requests/s")


def requests_plain(setting: Setting) -> None:
    """Whole requests in plain PyTorch: the state before the kernels."""
    _requests(setting, kernels="off")


def requests_fused(setting: Setting) -> None:
    """Whole requests as a replica serves them."""
    _requests(setting, kernels="auto" if setting.on_gpu else "on")


def reference_eager(setting: Setting) -> None:
    """The reference, one request after the other; it encodes the voice each time."""
    _speak_reference(setting, "eager")


def reference_compiled(setting: Setting) -> None:
    """The reference compiled as it compiles itself."""
    if not setting.on_gpu:
        return
    from tests.engine.echo.reference import inference

    theirs = setting.reference
    theirs.dit = inference.compile_model(theirs.dit)
    theirs.codec = inference.compile_fish_ae(theirs.codec)
    _speak_reference(setting, "compiled")


def _speak_reference(setting: Setting, name: str) -> None:
    def speak() -> None:
        setting.reference.speak(setting.parameters, LONG, setting.voice)

    started = time.monotonic()
    speak()
    setting.report.row(f"reference 0.1.4, {name}, first request, s", time.monotonic() - started)
    setting.report.row(f"reference 0.1.4, {name}, request, ms", setting.report.alone(speak, 3))


SECTIONS = (
    device,
    proof,
    requests_plain,
    requests_fused,
    steps,
    decode,
    reference_eager,
    reference_compiled,
)
