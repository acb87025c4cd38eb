"""Stops of jobs: those that come before the SDK has begun the job, and polls for them that fail.

A job that was taken waits for up to a tenth of a second until it is begun. Left alone, the SDK
drops a stop that comes meanwhile, and the job is spoken to its end for nobody. One that comes in
the very moment in which it is begun leaves it among the running jobs for ever, in a place that no
other job gets. A poll for stops that failed it repeats, and logs, once a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import aiohttp

from serve_app.runpod_polls import PatientPolls, held_jobs

POLL_S = 0.02

Stop = Callable[[Any, str], Awaitable[bool]]


def use_patient_stops() -> None:
    """Let the SDK stop its jobs once they have begun, and pause after polls for stops that fail."""
    from runpod.http_client import TooManyRequests
    from runpod.serverless.modules import rp_scale

    polls, fetch = PatientPolls(TooManyRequests), rp_scale.get_stop_signals

    async def fetch_patiently(session: aiohttp.ClientSession) -> list[str]:
        return await polls.make(fetch(session))

    rp_scale.get_stop_signals = fetch_patiently
    rp_scale.JobScaler.stop_job = patient(rp_scale.JobScaler.stop_job, held_jobs)


def patient(stop: Stop, held: Callable[[], Collection[str]]) -> Stop:
    """Return the SDK's method `stop`, made to wait for the beginning of a job.

    `held` returns the ids of the jobs that are queued or run here.
    """

    async def stop_once_begun(scaler: Any, job_id: str) -> bool:
        """Stop a job that the SDK's `scaler` has; tell whether there was one."""
        while job_id not in scaler.jobs_tasks and job_id in held():  # noqa: ASYNC110 (no event)
            await asyncio.sleep(POLL_S)
        await asyncio.sleep(0)  # its task, which there is now, takes its first step
        return await stop(scaler, job_id)

    return stop_once_begun
