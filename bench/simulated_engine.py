"""An engine that makes noise and takes as long as a GPU would: its tick sleeps.

It runs the echo engine's own scheduler, and forgets voices as the echo engine's host cache does. Of
a job's parameters it knows `num_steps`, half of which are guided.
Times are those predicted for an H200 with fused kernels, not measured: a job of 640 frames in 40
steps takes 0.34 s alone, 16 side by side get 3.4 a second, a voice of 30 s is encoded in 60 ms.
`SIMULATED_SLOWDOWN` in the environment stretches them, so that a few cores carry many such devices.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Iterator
from types import MappingProxyType

import numpy as np

import engine
from engine import EngineEntry
from engine.echo.config import PASS_LIMITS
from engine.echo.options import EchoOptions
from engine.echo.scheduler import Scheduler
from engine.protocol import Job, JobAudio, Voice
from speech.cache import ByteLRU
from speech.parameters import ModelParameters
from speech.pcm import SAMPLE_RATE_HZ

NAME = "simulated"
SLOWDOWN_VARIABLE = "SIMULATED_SLOWDOWN"
TEXT = "The quick brown fox jumps over the lazy dog, and then it runs away into the quiet woods."
"""The text of the benchmarks of many devices: 5.9 s at this engine's pace."""
TICK_S = 0.0022
LANE_FRAME_S = 4.4e-6
ENCODE_S = 0.002
"""Seconds to encode a second of a voice."""
DECODE_S = 0.03
VOICE_BYTES_PER_S = 13_300
DEFAULT_STEPS = 40
FRAMES = 640
GUIDED_LANES = 3
CHARS_PER_S = 15
"""The pace at which a text becomes audio."""
BLOCKS_S = (1.5, 6.0, 22.0)
"""Seconds of the blocks of a stream, as long as the echo engine's; the last repeats."""
NOISE = np.random.default_rng(0).uniform(-0.1, 0.1, 60 * SAMPLE_RATE_HZ).astype(np.float32)
"""The audio that every job gets a piece of, so that making it takes no time."""


def register() -> None:
    """Add this engine to those that this process knows."""
    entry = EngineEntry(__name__, "SimulatedEngine", EchoOptions, PASS_LIMITS, uses_gpu=True)
    engine.ENGINES = MappingProxyType({**engine.ENGINES, NAME: entry})


class _Work:
    """A job's share of the device: seconds of a voice to encode, then steps, then the decode."""

    def __init__(self, job: Job, voice_s: float) -> None:
        self.request_id = job.request_id
        self.voice_s = voice_s
        self.steps_left = self._num_steps = int(job.parameters.get("num_steps") or DEFAULT_STEPS)
        self.drawn = asyncio.Event()

    @property
    def lane_frames(self) -> int:
        """The frames times lanes of the next step; 0 while the voice is encoded."""
        if self.voice_s:
            return 0
        return FRAMES * (GUIDED_LANES if 2 * self.steps_left > self._num_steps else 1)


class SimulatedEngine:
    """Follows `engine.protocol.Engine`."""

    name = NAME
    device = "simulated"
    defaults = ModelParameters()
    warning = None
    is_loaded = True

    def __init__(self, options: EchoOptions, max_waiting_jobs: int) -> None:
        given = options.max_lane_frames_per_tick
        self._scheduler = Scheduler[_Work](
            2560 if given == "auto" else given, options.max_active_jobs, max_waiting_jobs
        )
        self._voices = ByteLRU[str, float](
            options.speaker_host_bytes, lambda voice_s: int(voice_s * VOICE_BYTES_PER_S)
        )
        self._slowdown = float(os.environ.get(SLOWDOWN_VARIABLE, "1"))
        self._driver: asyncio.Task[None] | None = None
        self.totals = dict.fromkeys(
            ("jobs", "speaker_cache_hits", "speaker_cache_misses", "busy_s"), 0.0
        )

    async def generate(
        self, job: Job, voice: Voice | None, on_start: Callable[[], None]
    ) -> AsyncGenerator[JobAudio, None]:
        """Yield noise as long as the text; see `engine.protocol.Engine`."""
        voice_s = 0.0
        if voice is not None and self._voices.get(voice.key) is None:
            voice_s = len(await voice.load()) / SAMPLE_RATE_HZ
            self._voices.put(voice.key, voice_s)
        if voice is not None:
            self.totals[f"speaker_cache_{'misses' if voice_s else 'hits'}"] += 1
        work = _Work(job, voice_s)
        self._scheduler.submit(work)
        self.totals["jobs"] += 1
        on_start()
        if self._driver is None or self._driver.done():
            self._driver = asyncio.create_task(self._drive())
        try:
            await work.drawn.wait()
            start = job.seed % SAMPLE_RATE_HZ  # another seed, other noise
            for num_samples in _blocks(len(job.text) * SAMPLE_RATE_HZ // CHARS_PER_S, job.stream):
                yield JobAudio(NOISE[start : start + num_samples])
                start += num_samples
        finally:
            self._scheduler.remove(work)

    async def _drive(self) -> None:
        """Take tick after tick while there is work; what a device does is a sleep.

        What this process is late by does not delay the next tick: a device has its work queued.
        """
        loop = asyncio.get_running_loop()
        ends_at = loop.time()
        while batch := self._scheduler.next_batch():
            tick_s = TICK_S + LANE_FRAME_S * sum(work.lane_frames for work in batch)
            for work in batch:
                if work.voice_s:
                    tick_s += ENCODE_S * work.voice_s
                    work.voice_s = 0.0
                    continue
                work.steps_left -= 1
                if not work.steps_left:
                    tick_s += DECODE_S
            tick_s *= self._slowdown
            self.totals["busy_s"] += tick_s
            ends_at += tick_s
            await asyncio.sleep(ends_at - loop.time())
            for work in batch:
                if not work.steps_left:
                    self._scheduler.remove(work)
                    work.drawn.set()

    async def check_health(self) -> None:
        """Return: nothing can fail."""

    def stats(self) -> dict[str, float]:
        """Return the gauges and totals that a benchmark reads."""
        return {
            "jobs_active": self._scheduler.num_active,
            "jobs_waiting": self._scheduler.num_waiting,
            **self.totals,
        }

    def close(self) -> None:
        """Do nothing."""


def _blocks(num_samples: int, stream: bool) -> Iterator[int]:
    """Yield the lengths of the blocks of `num_samples`."""
    lengths_s = iter(BLOCKS_S if stream else ())
    while num_samples > 0:
        length_s = next(lengths_s, BLOCKS_S[-1])
        yield min(num_samples, int(length_s * SAMPLE_RATE_HZ))
        num_samples -= int(length_s * SAMPLE_RATE_HZ)
