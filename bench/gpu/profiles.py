"""The device's time: kernel by kernel, and the products that are the floor of a step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own name for it
from torch.profiler import ProfilerActivity, profile

from bench.engine import LONG
from bench.gpu.requests import new_engine
from bench.gpu.sections import step_of
from bench.gpu.setting import Setting
from engine.echo.codecs.dac.codec import S1DAC
from engine.echo.forward.buckets import bucket_sizes
from engine.echo.forward.packed import PackedForward
from engine.echo.model.ops import ops_for

LONGEST_NAME = 100


def products(setting: Setting) -> None:
    """The matrix products of a step, every layer with its own weights, as they come from memory."""
    blocks = setting.models.dit.joint_blocks()
    weights: dict[str, list[Tensor]] = {
        "wqkvg": [block.attention.wqkvg.weight for block in blocks],
        "wo": [block.attention.wo.weight for block in blocks],
        "w13": [block.mlp.w13.weight for block in blocks],
        "w2": [block.mlp.w2.weight for block in blocks],
    }
    for num_positions in (96, 256, 640, 1280, 1920, 2560) if setting.on_gpu else (8,):
        total, rates = 0.0, []
        for name, layers in weights.items():
            x = torch.randn((num_positions, layers[0].shape[1]), device=setting.device)
            x = x.to(setting.dtype)
            compute: Callable[[], Tensor] = partial(_each_product, x, layers)
            if setting.new_capture is not None:
                compute = setting.new_capture()(compute)
            ms = setting.report.time(compute).pipelined
            total += ms
            flops = sum(2 * num_positions * layer.numel() for layer in layers)
            rates.append(f"{name} {flops / ms / 1e9:.0f}")
        note = " ".join(rates) + " TFLOP/s"
        setting.report.row(f"products of a step of {num_positions} positions, ms", total, note)


def _each_product(x: Tensor, weights: Sequence[Tensor]) -> Tensor:
    for weight in weights:
        y = F.linear(x, weight)
    return y


def profiles(setting: Setting) -> None:
    """The kernels of a step and of a decode, those that take longest first."""
    dit, codec = setting.models.dit, setting.models.codec
    assert isinstance(codec, S1DAC)
    ops = ops_for(fused=True)
    forward = PackedForward(dit, ops)
    if setting.new_capture is not None:
        sizes = [size for size in bucket_sizes(1920) if size.lanes == 4]
        forward = PackedForward(dit, ops, sizes)
        forward.capture(setting.new_capture())
    codec.use_ops(ops)
    z = 0.3 * torch.randn((setting.frames, 80), device=setting.device)
    audio = torch.from_numpy(setting.voice).to(setting.device)
    cases: dict[str, Callable[[], object]] = {
        f"guided step of {setting.frames}": step_of(setting, forward, setting.frames, 0.0),
        f"plain step of {setting.frames}": step_of(setting, forward, setting.frames, 1.0),
        "guided step of 32": step_of(setting, forward, 32, 0.0),
        f"decode of {setting.frames}": lambda: codec.decode(z),
        "decode of a stream's first 32": lambda: codec.decode_next(z[:32], codec.new_stream()),
        "encode of the voice": lambda: codec.encode(audio),
        "text context": lambda: dit.text_context(setting.tokens),
    }
    with (setting.out / "profiles.txt").open("w") as file:
        for name, action in cases.items():
            lines = _table(_events(setting, action), on_gpu=setting.on_gpu)
            file.write("\n".join([f"== {name}", *lines, ""]))
            print("\n".join([f"  {name}", *(f"    {line}" for line in lines[:9])]), flush=True)


def gaps(setting: Setting) -> None:
    """The time in which the device waits during a request, and what it waits between."""
    with new_engine(setting, kernels="on" if setting.on_gpu else "off") as speak:
        cases: dict[str, Callable[[], None]] = {
            "request": lambda: speak(LONG),
            "first audio": lambda: speak(LONG, stream=True),
        }
        for name, action in cases.items():
            spans = sorted(
                (event.time_range.start, event.time_range.end, event.name)
                for event in _events(setting, action)
            )
            setting.report.row(f"{name}: the device waits, ms", *_waits(spans))


def _waits(spans: Sequence[tuple[float, float, str]]) -> tuple[float, str]:
    """Return the milliseconds between `spans`, given in microseconds, and of how many in all."""
    found, (_, end, before) = [], spans[0]
    for start, stop, name in spans[1:]:
        if start > end:
            found.append((start - end, before, name))
        end, before = max(end, stop), name
    for us, *names in sorted(found, reverse=True)[:12]:
        print(f"    {us / 1e3:8.3f} ms between " + " and ".join(each[:48] for each in names))
    total = spans[-1][1] - spans[0][0]
    return sum(us for us, *_ in found) / 1e3, f"of {total / 1e3:.1f}"


def _events(setting: Setting, action: Callable[[], object]) -> list[Any]:
    """Return the device's events of `action`, which has run once before; a CPU's are its own."""
    kinds = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if setting.on_gpu else [])]
    action()
    setting.report.wait()
    with profile(activities=kinds) as profiled:
        action()
        setting.report.wait()
    events = profiled.events() or ()
    return [each for each in events if not setting.on_gpu or each.device_type.name == "CUDA"]


def _table(events: Iterable[Any], *, on_gpu: bool) -> list[str]:
    nanoseconds, calls = Counter[str](), Counter[str]()
    for event in events:
        us = event.device_time_total if on_gpu else event.self_cpu_time_total
        nanoseconds[event.name] += round(1e3 * us)
        calls[event.name] += 1
    head = f"{nanoseconds.total() / 1e6:.2f} ms in {calls.total()} calls"
    return [head] + [
        f"{ns / 1e6:9.3f} ms {calls[name]:5}  {name[:LONGEST_NAME]}"
        for name, ns in nanoseconds.most_common()
    ]
