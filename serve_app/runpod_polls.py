"""Polls of RunPod that are made again and again, and fail while it is in trouble; its held jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

FIRST_PAUSE_S, MAX_PAUSE_S = 0.5, 15.0

T = TypeVar("T")


def held_jobs() -> set[str]:
    """Return the ids of the jobs that the SDK has queued or runs here."""
    from runpod.serverless.modules.worker_state import JobsProgress

    return {job.id for job in JobsProgress()}


class PatientPolls:
    """Polls with a pause after each failure, the longer the more there were in a row.

    Args:
        debounced: The error after which the SDK pauses by itself.
    """

    def __init__(self, debounced: type[Exception]) -> None:
        self._debounced = debounced
        self._pause_s = FIRST_PAUSE_S

    async def make(self, poll: Awaitable[T]) -> T:
        """Return what `poll` gives; wait before its error is raised."""
        try:
            answer = await poll
        except self._debounced:
            raise
        except Exception:
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(2 * self._pause_s, MAX_PAUSE_S)
            raise
        self._pause_s = FIRST_PAUSE_S
        return answer
