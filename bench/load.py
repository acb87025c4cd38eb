"""Clients that call in a loop, the voice they ask for, and percentiles of what they saw."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import psutil

from engine.protocol import Voice
from speech.pcm import PCM
from speech.reference_audio import decode_reference

VOICES_DIR = "voices"
VOICE = "ada.ogg"

T = TypeVar("T")


async def repeat(call: Callable[[], Awaitable[T]], clients: int, seconds: float) -> list[T]:
    """Let `clients` call in a loop for `seconds`, warmed up; return what every call returned."""
    await call()
    results: list[T] = []
    end = time.perf_counter() + seconds

    async def client() -> None:
        while time.perf_counter() < end:
            results.append(await call())

    await asyncio.gather(*(client() for _ in range(clients)))
    return results


@asynccontextmanager
async def calling(
    call: Callable[[], Awaitable[object]], clients: int
) -> AsyncIterator[Callable[[], int]]:
    """Let `clients` call in a loop; yield what counts the calls that have returned."""
    count = 0

    async def client() -> None:
        nonlocal count
        while True:
            await call()
            count += 1

    running = [asyncio.create_task(client()) for _ in range(clients)]
    try:
        yield lambda: count
    finally:
        failed = [task for task in running if task.done()]
        for task in running:
            task.cancel()
        await asyncio.wait(running)
    for task in failed:
        task.result()


def cores_busy() -> float:
    """Return the cores that the whole machine was busy with since the last time this was asked."""
    return psutil.cpu_percent() / 100 * (psutil.cpu_count() or 1)


def timed(call: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[float]]:
    """Return a call that returns the seconds `call` takes."""

    async def timed_call() -> float:
        started = time.perf_counter()
        await call()
        return time.perf_counter() - started

    return timed_call


def sample_voice() -> Voice:
    """Return the voice as VoicePrep would prepare it."""
    with open(f"{VOICES_DIR}/{VOICE}", "rb", buffering=0) as file:
        reference = decode_reference(file)

    async def load() -> PCM:
        return reference

    return Voice(VOICE, load)


def percentiles_ms(seconds: Sequence[float], *percents: int) -> tuple[float, ...]:
    """Return the percentiles of `seconds` in milliseconds."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return tuple(1000 * cuts[percent - 1] for percent in percents)
