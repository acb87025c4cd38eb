"""Takes of jobs from RunPod that outlive trouble on its side.

Left alone, the SDK repeats a take that failed at once and logs each failure: thousands a minute
while RunPod answers with errors. So it does where RunPod answers at once that there is no job, or
with what is none. A job without an id ends its loop, and with it all that run; an id that is no
header keeps it from all further takes; a job that comes twice is run twice; one whose client sent a
field `self` loses those that came with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any

import aiohttp

from serve_app.runpod_polls import PatientPolls, held_jobs

logger = logging.getLogger(__name__)

SHORTEST_POLL_S = 1.0
"""The least time between two takes that bring no job."""
_FIELDS = ("id", "input", "batchId")
"""The fields of a job that the SDK or the worker reads; a client may send others."""

RunPodJob = dict[str, Any]
Take = Callable[[aiohttp.ClientSession, int], Awaitable[Iterable[object] | None]]


def use_patient_takes() -> None:
    """Let the SDK take its jobs with `PatientTakes`."""
    from runpod.http_client import TooManyRequests
    from runpod.serverless.modules import rp_scale

    rp_scale.get_job = PatientTakes(rp_scale.get_job, held_jobs, TooManyRequests)


class PatientTakes:
    """Takes jobs as the SDK does, with a growing pause after each failure.

    Args:
        take: The SDK's function.
        held: Returns the ids of the jobs that are queued or run here.
        debounced: The error after which the SDK pauses by itself.
    """

    def __init__(
        self, take: Take, held: Callable[[], Collection[str]], debounced: type[Exception]
    ) -> None:
        self._take = take
        self._held = held
        self._polls = PatientPolls(debounced)

    async def __call__(self, session: aiohttp.ClientSession, num_jobs: int = 1) -> list[RunPodJob]:
        """Return up to `num_jobs` new jobs; wait before an error is raised, or none returned."""
        ending = asyncio.get_running_loop().time() + SHORTEST_POLL_S
        answer = await self._polls.make(self._take(session, num_jobs))
        jobs = self._new(answer or ())
        if not jobs:
            await asyncio.sleep(ending - asyncio.get_running_loop().time())
        return jobs

    def _new(self, answer: Iterable[object]) -> list[RunPodJob]:
        """Return the jobs that can be run and are not held already."""
        jobs: dict[str, RunPodJob] = {}
        held = self._held()
        for job in answer:
            if not isinstance(job, dict) or not _is_id(job.get("id")):
                logger.error("RunPod sent a job without a usable id: it is left out")
            elif job["id"] in held or job["id"] in jobs:
                logger.warning("RunPod sent job %s again: it runs once", job["id"])
            else:
                jobs[job["id"]] = {name: job[name] for name in _FIELDS if name in job}
        return list(jobs.values())


def _is_id(value: object) -> bool:
    """Tell whether the SDK can work with a job's id, which it sends as a header."""
    return isinstance(value, str) and value != "" and value.isprintable()
