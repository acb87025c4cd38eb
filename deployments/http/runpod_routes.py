"""RunPod's routes as its SDK's client calls them, for any endpoint's name.

`runpod.Endpoint` drives this server where `runpod.endpoint_url_base` is its address and `/v2`.
"""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request

from deployments.held_jobs import HeldJob, HeldJobs
from deployments.http.bodies import Bodies
from deployments.http.body import read_job_input
from deployments.http.description import RunRequest, describe_body
from deployments.http.request_id import request_id_of
from deployments.service import SpeechService
from speech.request import is_health_check

SYNC_WAIT_S = 90.0
"""Seconds that `/runsync` and `/status-sync` wait for a job, as RunPod does, before they answer."""


async def _any_endpoint(endpoint: Annotated[str, Path(description="Any name.")]) -> None:
    """Take any endpoint's name; what is not taken is not described either."""


def runpod_routes(service: SpeechService, held: HeldJobs, bodies: Bodies) -> APIRouter:
    """Return the routes over the jobs that are held."""
    router = APIRouter(
        prefix="/v2/{endpoint}", tags=["runpod"], dependencies=[Depends(_any_endpoint)]
    )
    body = describe_body(RunRequest, service.pass_limits.max_frames)

    async def take(request: Request) -> HeldJob:
        with service.logging_refusal(request_id_of(request), "http"):
            job_input = await read_job_input(request, bodies)
            if not is_health_check(job_input):
                await service.require_ready()
            return held.take(job_input)

    @router.post("/run", openapi_extra=body)
    async def run(request: Request) -> dict[str, Any]:
        """Take a job and answer its id at once."""
        job = await take(request)
        return {"id": job.job_id, "status": job.status}

    @router.post("/runsync", openapi_extra=body)
    async def runsync(request: Request) -> dict[str, Any]:
        """Run a job and answer its output; after 90 s only its status."""
        job = await take(request)
        await held.wait(job, SYNC_WAIT_S)
        return _envelope(job)

    @router.get("/status/{job_id}")
    async def status(job_id: str) -> dict[str, Any]:
        """Answer the state of a job, and its output, or how far it has come."""
        return _envelope(held.find(job_id))

    @router.get("/status-sync/{job_id}")
    async def status_sync(job_id: str) -> dict[str, Any]:
        """Answer the state of a job once it has ended, or after 90 s."""
        job = held.find(job_id)
        await held.wait(job, SYNC_WAIT_S)
        return _envelope(job)

    @router.get("/stream/{job_id}")
    async def stream(job_id: str) -> dict[str, Any]:
        """Answer the parts of a job's output that were made since the last call."""
        job = held.find(job_id)
        parts = [{"output": item} for item in job.items[job.num_read :]]
        job.num_read += len(parts)
        return {"id": job.job_id, "status": job.status, "stream": parts}

    @router.post("/cancel/{job_id}")
    async def cancel(job_id: str) -> dict[str, Any]:
        """End a job that has not ended."""
        job = held.find(job_id)
        await held.cancel(job)
        return {"id": job.job_id, "status": job.status}

    @router.post("/purge-queue")
    async def purge_queue() -> dict[str, Any]:
        """Cancel the jobs that have not begun."""
        return {"removed": await held.purge(), "status": "completed"}

    @router.get("/health")
    async def health() -> dict[str, Any]:
        """Answer how many jobs there are, and whether the worker, this server, is ready."""
        counts, is_ready = held.counts(), await service.ready()
        jobs = {
            "completed": counts["COMPLETED"],
            "failed": counts["FAILED"],
            "inProgress": counts["IN_PROGRESS"],
            "inQueue": counts["IN_QUEUE"],
            "retried": 0,
        }
        is_busy = is_ready and counts["IN_PROGRESS"] > 0
        workers = {
            "idle": int(is_ready and not is_busy),
            "initializing": int(not is_ready),
            "ready": int(is_ready),
            "running": int(is_busy),
            "throttled": 0,
            "unhealthy": 0,
        }
        return {"jobs": jobs, "workers": workers}

    return router


def _envelope(job: HeldJob) -> dict[str, Any]:
    """Return a job's state in RunPod's envelope; times are in ms."""
    envelope: dict[str, Any] = {"id": job.job_id, "status": job.status}
    if job.begun_s is not None:
        end_s = time.monotonic() if job.ended_s is None else job.ended_s
        envelope["delayTime"] = round(1000 * (job.begun_s - job.taken_s))
        envelope["executionTime"] = round(1000 * (end_s - job.begun_s))
    output = job.output if job.is_over else job.progress()
    if output is not None:
        envelope["output"] = output
    if job.error is not None:
        envelope["error"] = job.error
    return envelope
