"""The dispatch of one request's jobs: side by side in the sampler, back in order."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from ray.serve.handle import DeploymentHandle

from deployments.job_stream import JobStream
from deployments.prepared_voice import PreparedVoice
from deployments.request_voices import RequestVoices
from deployments.sampler import PCMBlock
from deployments.spoken_voice import SpokenVoice
from engine.protocol import Job
from speech.concurrency import stop
from speech.errors import VoiceLost


@dataclass(frozen=True)
class VoicedJob:
    """A job and the name of the voice it is spoken in, None for the voice of those before it."""

    job: Job
    voice: str | None


class Sampled(NamedTuple):
    """One block of a job's audio, as it came back, or the job's end.

    Attributes:
        job_index: Number of the job within the request.
        block: Audio of that job, in order; None when there is no more.
        waited_s: Seconds spent waiting for it, not for the job to begin.
    """

    job_index: int
    block: PCMBlock | None
    waited_s: float


@dataclass
class _Running:
    """A job and its audio, which comes from the sampler in a voice, or in none."""

    job: VoicedJob
    voice: PreparedVoice | None
    audio: JobStream


async def sample_in_order(
    sampler: DeploymentHandle[Any],
    jobs: AsyncGenerator[VoicedJob, None],
    voices: RequestVoices,
    max_running: int,
    on_redraw: Callable[[], None],
    rehearsed: Sequence[Job] = (),
) -> AsyncGenerator[Sampled, None]:
    """Yield the audio of all jobs in order while up to `max_running` are in the sampler.

    None begins before the voices that are known to be needed are prepared. Then each does as soon
    as it comes and there is room; one that names no voice also waits until the voice of those
    before it is known (see `SpokenVoice`). A job whose replica is lost is drawn again; voices whose
    audio was lost with its owner are prepared again, once; the request goes on if those that were
    heard are still the same. Closing the generator cancels every job still in the sampler, and
    closes `jobs`.

    Args:
        sampler: Handle with `stream=True`.
        jobs: The jobs in the order in which they are played.
        voices: The voices that the jobs name.
        max_running: At least 1.
        on_redraw: Called for every job that is drawn again.
        rehearsed: Jobs that are spoken before all others, for nothing but the voice of those that
            name none, until it is known.

    Raises:
        SpeechError: A job failed, or its voice cannot be prepared.
    """
    dispatch = _Dispatch(sampler, jobs, voices, max_running, on_redraw, rehearsed)
    index = 0
    try:
        while await dispatch.has_job():
            started = time.perf_counter()
            block = await dispatch.next_block()
            yield Sampled(index, block, time.perf_counter() - started)
            if block is None:
                index += 1
                dispatch.end_job()
                await asyncio.sleep(0)  # the next one begins before the others are waited for
    finally:
        await dispatch.close()


class _Dispatch:
    """The jobs of one request that are in the sampler, the oldest first.

    They begin on a task of its own, as they come and as there is room. For the arguments see
    `sample_in_order`.
    """

    def __init__(
        self,
        sampler: DeploymentHandle[Any],
        jobs: AsyncGenerator[VoicedJob, None],
        voices: RequestVoices,
        max_running: int,
        on_redraw: Callable[[], None],
        rehearsed: Sequence[Job],
    ) -> None:
        self._sampler = sampler
        self._voices = voices
        self._on_redraw = on_redraw
        self._room = asyncio.Semaphore(max_running)
        self._running: deque[_Running] = deque()
        self._spoken = SpokenVoice()
        self._news = asyncio.Event()
        self._has_lost_voices = False
        self._beginning = asyncio.create_task(self._begin_all(jobs, rehearsed))
        self._beginning.add_done_callback(lambda _: self._news.set())

    async def has_job(self) -> bool:
        """Return whether a job is running, once one is or none will come.

        Raises:
            SpeechError: The next job could not begin; those before it have ended.
        """
        while not (self._running or self._beginning.done()):
            self._news.clear()
            await self._news.wait()
        if not self._running:
            self._beginning.result()  # raises what it failed with
        return bool(self._running)

    async def next_block(self) -> PCMBlock | None:
        """Return the next block of the oldest job, None at its end.

        Raises:
            SpeechError: The job failed.
        """
        block = await self._next_block()
        name, voice = self._running[0].job.voice, self._running[0].voice
        if name is not None:
            assert voice is not None
            if block is not None:
                self._voices.hear(name, voice)
        elif block is None:
            self._spoken.end_job()
        else:
            self._spoken.add(block.pcm)
        return block

    def end_job(self) -> None:
        """Drop the oldest job, which has ended, and make room for another."""
        self._running.popleft()
        self._room.release()

    async def close(self) -> None:
        """Begin no more jobs, and cancel those that are in the sampler."""
        for left in self._running:
            left.audio.cancel()
        await stop(self._beginning)

    async def _begin_all(
        self, jobs: AsyncGenerator[VoicedJob, None], rehearsed: Sequence[Job]
    ) -> None:
        await self._voices.prepare_all()
        await self._rehearse(rehearsed)
        async with aclosing(jobs):
            async for job in jobs:
                await self._room.acquire()
                if job.voice is None:
                    await self._spoken.wait_turn()
                self._running.append(await self._sample(job))
                self._news.set()

    async def _rehearse(self, jobs: Sequence[Job]) -> None:
        """Speak jobs one by one, for their voice alone, until it is known."""
        for job in jobs:
            if self._spoken.is_complete:
                return
            audio = (await self._sample(VoicedJob(job, None))).audio
            try:
                while (block := await audio.next_block()) is not None:
                    self._spoken.add(block.pcm)
            finally:
                audio.cancel()
            self._spoken.end_job()
        self._spoken.end_rehearsal()

    async def _next_block(self) -> PCMBlock | None:
        while True:
            try:
                return await self._running[0].audio.next_block()
            except VoiceLost:
                if self._has_lost_voices:
                    raise
                self._has_lost_voices = True
                await self._sample_again()

    async def _sample_again(self) -> None:
        """Begin every running job anew, with its voice prepared again.

        Raises:
            VoiceLost: The request would go on in another voice than the one that was heard.
        """
        self._voices.forget()
        lost = list(self._running)  # others may begin meanwhile
        for each in lost:
            each.audio.cancel()
        for each in lost:
            each.voice = await self._voice(each.job)
            each.audio.restart(self._call(each.job, each.voice))

    async def _sample(self, job: VoicedJob) -> _Running:
        voice = await self._voice(job)
        return _Running(job, voice, JobStream(self._call(job, voice), self._on_redraw))

    async def _voice(self, job: VoicedJob) -> PreparedVoice | None:
        return self._spoken.voice if job.voice is None else await self._voices.get(job.voice)

    def _call(self, job: VoicedJob, voice: PreparedVoice | None) -> Callable[[], Any]:
        return partial(self._sampler.generate.remote, job.job, voice)
