"""The measurements of the device, of the steps and of the codec.

A section takes the `Setting` that all share. On a CPU all run at a tiny size, the kernels in
Triton's interpreter, to show that every line does that needs no GPU.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from bench.engine_stages import step_flops
from bench.gpu.setting import Setting
from engine.echo.codecs.dac.codec import S1DAC
from engine.echo.denoise import denoise, new_trajectory
from engine.echo.forward import Forward
from engine.echo.forward.buckets import bucket_sizes
from engine.echo.forward.packed import PackedForward
from engine.echo.forward.plain import PlainForward
from engine.echo.model.ops import ops_for
from engine.echo.proof import find_difference, prove_in_child
from engine.echo.sampling import Progress, make_plan
from speech.pcm import SAMPLE_RATE_HZ


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
    dit = setting.models.dit
    text, speaker = setting.contexts
    ops = ops_for(fused=True)
    if isinstance(setting.models.codec, S1DAC):
        setting.models.codec.use_ops(ops)
    paths: dict[str, Forward] = {"plain": PlainForward(dit), "fused": PackedForward(dit, ops)}
    if setting.new_capture is not None:
        started = time.monotonic()
        graphs = PackedForward(dit, ops, bucket_sizes(2560))
        before = torch.cuda.memory_reserved()
        number = graphs.capture(setting.new_capture())
        memory = f"{(torch.cuda.memory_reserved() - before) / 1e9:.2f} GB"
        setting.report.row(f"capture of {number} passes, s", time.monotonic() - started, memory)
        paths["graphs"] = graphs
        difference = find_difference(setting.models, graphs)
        print(f"  against plain PyTorch: {difference or 'the same up to rounding'}")
    for num_frames in {setting.frames, 32}:
        for name, min_t, num_lanes in (("guided", 0.0, 3), ("plain", 1.0, 1)):
            flops = step_flops(
                setting.config.dit, num_frames, text.shape[2], speaker.shape[2], num_lanes
            )
            for path, forward in paths.items():
                step = step_of(setting, forward, num_frames, min_t)
                case = f"{name} step of {num_frames}, {path}"
                times = setting.report.times(case, step)
                if setting.peak is not None:
                    rate = flops / times.pipelined * 1e3 / setting.peak
                    print(f"{'':56}{rate:>12.1%}  of the matrix product's rate")


def step_of(
    setting: Setting, forward: Forward, num_frames: int, min_t: float
) -> Callable[[], None]:
    """Return a step of one job of `num_frames`, guided where t is above `min_t`."""
    parameters = replace(setting.parameters, num_steps=2, cfg_min_t=min_t)
    plan = make_plan(parameters, (num_frames,))
    trajectory = new_trajectory(setting.models.dit, Progress(plan, True), *setting.contexts, seed=0)

    def step() -> None:
        denoise(forward, [trajectory])
        trajectory.progress.step = 0

    return step


def decode(setting: Setting) -> None:
    """The codec, plain and with fused convolutions; decoding at new lengths and prepared ones."""
    codec, report = setting.models.codec, setting.report
    assert isinstance(codec, S1DAC)
    z = 0.3 * torch.randn((setting.frames, 80), device=setting.device)
    audio = torch.from_numpy(setting.voice).to(setting.device)
    seconds = len(audio) / SAMPLE_RATE_HZ
    for fused in (False, True):
        codec.use_ops(ops_for(fused) if fused else None)
        name = "fused" if fused else "plain"
        report.times(f"encode of {seconds:.0f} s of a voice, {name}", lambda: codec.encode(audio))
        report.times(f"decode of {setting.frames}, {name}", lambda: codec.decode(z))
        report.times(
            f"decode of a stream's first 32, {name}",
            lambda: codec.decode_next(z[:32], codec.new_stream()),
        )
    if setting.new_capture is not None:
        *unseen, prepared = (setting.frames * 15 // 16 + i for i in (1, 3, 5))
        for length in unseen:
            first = report.alone(partial(codec.decode, z[:length]), repeats=1)
            again = report.alone(partial(codec.decode, z[:length]))
            report.row(f"decode of {length}, never seen, ms", first, f"again {again:.1f}")
        started = time.monotonic()
        codec.prepare_lengths(setting.frames, setting.new_capture())
        report.row("all lengths prepared, s", time.monotonic() - started)
        first = report.alone(lambda: codec.decode(z[:prepared]), repeats=1)
        report.row(f"decode of {prepared}, prepared, never seen, ms", first)
        report.times(f"decode of {setting.frames}, prepared", lambda: codec.decode(z))
        report.times(
            "decode of a stream's first 32, graph",
            lambda: codec.decode_next(z[:32], codec.new_stream()),
        )
        error = _relative_error(codec.decode(z), codec.decode_whole(z))
        print(f"  against one plain call: differs by {error:.1e}")


def _relative_error(ours: Tensor, definition: Tensor) -> float:
    return float((ours - definition).norm() / definition.norm())
