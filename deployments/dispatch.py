"""The dispatch of one request's jobs: side by side in the sampler, back in order."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from ray.serve.handle import DeploymentHandle

from deployments.job_stream import JobStream
from deployments.request_voices import RequestVoices
from deployments.sampler import PCMBlock
from engine.protocol import Job
from speech.errors import VoiceLost


@dataclass(frozen=True)
class VoicedJob:
    """A job and the name of the voice it is spoken in, None for the default voice."""

    job: Job
    voice: str | None


class Sampled(NamedTuple):
    """One block of a job's audio, as it came back.

    Attributes:
        job_index: Number of the job within the request.
        block: Audio of that job, in order.
        waited_s: Seconds spent waiting for the sampler since the block before.
    """

    job_index: int
    block: PCMBlock
    waited_s: float


async def sample_in_order(
    sampler: DeploymentHandle[Any],
    jobs: Sequence[VoicedJob],
    voices: RequestVoices,
    max_running: int,
    on_redraw: Callable[[], None],
) -> AsyncGenerator[Sampled, None]:
    """Yield the audio of all jobs in order while up to `max_running` are in the sampler.

    A job whose replica is lost is drawn again; voices whose audio was lost with its owner are
    prepared again, once. Closing the generator cancels every job still in the sampler.

    Args:
        sampler: Handle with `stream=True`.
        jobs: The jobs in the order in which they are played.
        voices: The voices that the jobs name.
        max_running: At least 1.
        on_redraw: Called for every job that is drawn again.

    Raises:
        SpeechError: A job failed, or its voice cannot be prepared.
    """
    next_job = index = 0
    running: deque[JobStream] = deque()
    prepared_again = False
    waited_s = 0.0
    try:
        while index < len(jobs):
            while next_job < len(jobs) and len(running) < max_running:
                voice = await voices.get(jobs[next_job].voice)
                start = partial(sampler.generate.remote, jobs[next_job].job, voice)
                running.append(JobStream(start, on_redraw))
                next_job += 1
            started = time.perf_counter()
            try:
                block = await running[0].next_block()
            except VoiceLost:
                if prepared_again:
                    raise
                prepared_again = True
                voices.forget()
                _cancel_all(running)
                next_job = index
                continue
            finally:
                waited_s += time.perf_counter() - started
            if block is None:
                running.popleft()
                index += 1
            else:
                yield Sampled(index, block, waited_s)
                waited_s = 0.0
    finally:
        _cancel_all(running)


def _cancel_all(running: deque[JobStream]) -> None:
    """Cancel and forget all jobs."""
    while running:
        running.pop().cancel()
