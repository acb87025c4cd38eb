"""One request's jobs: side by side in the sampler, back in order."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any

from ray.serve.handle import DeploymentHandle

from deployments.handles import unwrap
from deployments.prepared_voice import PreparedVoice
from deployments.sampler import Piece
from engine.protocol import Job
from speech.errors import VoiceLost

PrepareVoice = Callable[[], Awaitable[PreparedVoice | None]]


def chunk_seed(seed: int, index: int) -> int:
    """Return the seed of a request's chunk: the request's own for the first, derived after it."""
    if index == 0:
        return seed
    digest = hashlib.blake2b(f"{seed}/{index}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


async def sample_in_order(
    sampler: DeploymentHandle[Any],
    jobs: Sequence[Job],
    prepare_voice: PrepareVoice,
    max_running: int,
) -> AsyncGenerator[tuple[int, Piece], None]:
    """Yield (job index, piece) in order while up to `max_running` jobs are in the sampler.

    A voice whose audio was lost with its owner is prepared again, once. Closing the generator
    cancels every job still in the sampler.

    Args:
        sampler: Handle with `stream=True`.
        jobs: In the order in which they are to be heard.
        prepare_voice: Called before the first job, and again if the voice is lost.
        max_running: At least 1.

    Raises:
        SpeechError: As a job or `prepare_voice` raised it.
    """
    voice = await prepare_voice()
    next_job = index = 0
    running: deque[Any] = deque()  # streaming responses, for which Ray has no exact type
    prepared_again = False
    try:
        while index < len(jobs):
            while next_job < len(jobs) and len(running) < max_running:
                running.append(sampler.generate.remote(jobs[next_job], voice))
                next_job += 1
            try:
                async for piece in running[0]:
                    yield index, piece
            except Exception as error:
                cause = unwrap(error)
                if not isinstance(cause, VoiceLost) or prepared_again:
                    raise cause from None
                prepared_again = True
                _cancel(running)
                next_job = index
                voice = await prepare_voice()
            else:
                running.popleft()
                index += 1
    finally:
        _cancel(running)


def _cancel(running: deque[Any]) -> None:
    """Cancel and forget all: leaving a response early does not cancel it."""
    while running:
        running.pop().cancel()
