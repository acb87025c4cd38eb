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
from deployments.request_voices import RequestVoices
from deployments.sampler import PCMBlock
from deployments.spoken_voice import SpokenVoice
from engine.protocol import Job
from speech.concurrency import mark_retrieved
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
        waited_s: Seconds spent waiting for the sampler since the block before.
    """

    job_index: int
    block: PCMBlock | None
    waited_s: float


@dataclass
class _Running:
    """A job and its audio, which comes from the sampler."""

    job: VoicedJob
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

    A job begins as soon as it comes and there is room; one that names no voice also waits until
    the voice of those before it is known (see `SpokenVoice`). A job whose replica is lost is drawn
    again; voices whose audio was lost with its owner are prepared again, once. Closing the
    generator cancels every job still in the sampler, and closes `jobs`.

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
    running: deque[_Running] = deque()
    room = asyncio.Semaphore(max_running)
    spoken = SpokenVoice()
    news = asyncio.Event()

    async def sample(job: VoicedJob) -> JobStream:
        voice = spoken.voice if job.voice is None else await voices.get(job.voice)
        return JobStream(partial(sampler.generate.remote, job.job, voice), on_redraw)

    async def rehearse() -> None:
        for job in rehearsed:
            if spoken.is_complete:
                return
            audio = await sample(VoicedJob(job, None))
            try:
                while (block := await audio.next_block()) is not None:
                    spoken.add(block.pcm)
            finally:
                audio.cancel()
            spoken.end_job()
        spoken.end_rehearsal()

    async def begin_all() -> None:
        await rehearse()
        async with aclosing(jobs):
            async for job in jobs:
                await room.acquire()
                if job.voice is None:
                    await spoken.wait_turn()
                running.append(_Running(job, await sample(job)))
                news.set()

    beginning = asyncio.create_task(begin_all())
    beginning.add_done_callback(lambda _: news.set())
    index = 0
    prepared_again = False
    waited_s = 0.0
    try:
        while True:
            if beginning.done():
                beginning.result()  # raises what it failed with
            elif not running:
                news.clear()
                await news.wait()
                continue
            if not running:
                return
            started = time.perf_counter()
            try:
                block = await running[0].audio.next_block()
            except VoiceLost:
                if prepared_again:
                    raise
                prepared_again = True
                voices.forget()
                for lost in running:
                    lost.audio.cancel()
                for lost in running:
                    lost.audio = await sample(lost.job)
                continue
            finally:
                waited_s += time.perf_counter() - started
            if running[0].job.voice is None:
                if block is None:
                    spoken.end_job()
                else:
                    spoken.add(block.pcm)
            yield Sampled(index, block, waited_s)
            waited_s = 0.0
            if block is None:
                running.popleft()
                index += 1
                room.release()
                await asyncio.sleep(0)  # the next one begins before the others are waited for
    finally:
        beginning.cancel()
        for left in running:
            left.audio.cancel()
        await asyncio.wait({beginning})
        mark_retrieved(beginning)
