"""Whole requests: ours, through an engine, and the reference's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

from bench.engine import LONG, ours_speak
from bench.gpu.setting import Setting
from bench.side_by_side import Bench
from engine.echo import loading
from engine.echo.engine import EchoEngine
from engine.echo.options import EchoOptions


@contextmanager
def new_engine(setting: Setting, **options: Any) -> Iterator[Callable[..., None]]:
    """Yield a function that speaks with an engine on the setting's networks."""
    chosen = EchoOptions(
        weights_dir=str(setting.folder),
        device=setting.device.type,
        **options,
    )
    started = time.monotonic()
    with patch.object(loading, "load_models", lambda *_: setting.models):
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
    with new_engine(setting, **options) as speak:
        speak(LONG)
        report.row(f"request, voice cached, {label}, ms", report.alone(lambda: speak(LONG), 3))
        first = report.alone(lambda: speak(LONG, stream=True), 3)
        report.row(f"first audio, {setting.steps} steps, {label}, ms", first)
        if not setting.on_gpu and options["kernels"] == "on":
            return  # the interpreter takes its time
        first = report.alone(lambda: speak(LONG, stream=True, steps=8), 3)
        report.row(f"first audio, 8 steps, {label}, ms", first)
        report.row(
            f"request, new voice, {label}, ms",
            report.alone(lambda: speak(LONG, cached=False), 3),
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


def requests_overlapping(setting: Setting) -> None:
    """Many requests at once, encoded and decoded in turn and beside the other jobs' steps."""
    report, many = setting.report, 16 if setting.on_gpu else 2
    for overlaps in (False, True):
        with new_engine(
            setting, kernels="on" if setting.on_gpu else "off", overlap_codec=overlaps
        ) as speak:
            speak(LONG, many)
            for name, repeats, asked in (
                ("whole", 3, {}),
                ("first audio", 3, {"stream": True}),
                ("new voices", 1, {"cached": False}),
            ):
                ms = report.alone(partial(speak, LONG, many, **asked), repeats)
                report.row(f"{many} at once, {name}, overlap_codec={overlaps}, ms", ms)


def reference_eager(setting: Setting) -> None:
    """The reference, one request after the other; it encodes the voice each time."""
    _speak_reference(setting, "eager")


def reference_compiled(setting: Setting) -> None:
    """The reference compiled as it compiles itself."""
    setting.reference.compile()
    _speak_reference(setting, "compiled")


def _speak_reference(setting: Setting, name: str) -> None:
    def speak() -> None:
        setting.reference.speak(setting.parameters, LONG, setting.voice)

    started = time.monotonic()
    speak()
    setting.report.row(f"reference 0.1.4, {name}, first request, s", time.monotonic() - started)
    setting.report.row(
        f"reference 0.1.4, {name}, request, ms",
        setting.report.alone(speak, 3),
    )
