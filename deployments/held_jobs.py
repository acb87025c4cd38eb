"""Jobs that outlive the request that brought them: in memory, bounded, for a while.

They serve RunPod's client routes, so that what is written against RunPod can be tested here. One
ingress replica holds its own jobs and knows no other's.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Literal

from deployments.admission import Place
from deployments.jobs import Job, JobRunner
from deployments.telemetry.request_record import RequestRecord
from speech.concurrency import on_its_own, stop
from speech.errors import InternalError, JobNotFound, Overloaded

logger = logging.getLogger(__name__)

MAX_JOBS = 256
"""Jobs held at a time, whatever their state; for one more, the one that ended first goes."""
MAX_HELD_BYTES = 256 * 2**20
"""Audio of finished jobs held at a time, as base64; what ended first goes first."""
KEEP_S = 1800.0
"""Seconds for which a finished job is held, as RunPod does."""

Status = Literal["IN_QUEUE", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED"]
_FINAL: tuple[Status, ...] = ("COMPLETED", "FAILED", "CANCELLED")


@dataclass(eq=False)
class HeldJob:
    """One job and what is known of it.

    Attributes:
        job: The job.
        status: RunPod's word for its state.
        error: The reason why it failed.
        items: The items of its output so far; one that is spoken whole has a single one.
        num_read: The number of those that `/stream` has given out.
        record: The record of a job that is spoken whole, from when it begins.
        task: The task that runs it; None once it is over.
        taken_s: When it came, by the monotonic clock.
        begun_s: When it began; None until then.
        ended_s: When it ended; None until then.
    """

    job: Job
    status: Status = "IN_QUEUE"
    error: str | None = None
    items: list[dict[str, Any]] = field(default_factory=list)
    num_read: int = 0
    record: RequestRecord | None = None
    task: asyncio.Task[None] | None = None
    taken_s: float = field(default_factory=time.monotonic)
    begun_s: float | None = None
    ended_s: float | None = None

    @property
    def job_id(self) -> str:
        """The id that its caller knows it by."""
        return self.job.job_id

    @property
    def is_over(self) -> bool:
        """True once the job has ended in any way."""
        return self.status in _FINAL

    @property
    def output(self) -> Any:
        """The job output, or for one that streams the list of its items; None if it has none."""
        if self.status != "COMPLETED":
            return None
        return self.items if self.job.streams else self.items[0]

    @property
    def held_bytes(self) -> int:
        """The size of the audio it holds."""
        return sum(len(item.get("audio_base64", "")) for item in self.items)

    def follow(self, record: RequestRecord) -> None:
        """Take its record."""
        self.record = record

    def progress(self) -> dict[str, Any] | None:
        """Return how far a job that is spoken whole has come, or None before its first audio."""
        if self.record is None or not self.record.num_samples:
            return None
        return {
            "chunks": self.record.num_chunks,
            "duration": round(self.record.duration_s, 3),
        }


class HeldJobs:
    """Runs jobs in the order they came, some at a time, and holds them.

    Args:
        jobs: Runs one job.
        concurrency: Jobs that run at a time; the others wait, as all do for a request's place.
    """

    def __init__(self, jobs: JobRunner, concurrency: int) -> None:
        self._jobs = jobs
        self._places = asyncio.Semaphore(concurrency)
        self._held: dict[str, HeldJob] = {}  # those that are over in the order in which they ended
        self._ended: Counter[Status] = Counter()

    def take(self, job_input: Mapping[str, Any]) -> HeldJob:
        """Take a job; it runs on its own.

        Raises:
            Overloaded: MAX_JOBS are held, and none of them has ended.
        """
        self._make_room()
        job = HeldJob(self._jobs.read(job_input, str(uuid.uuid4()), "http"))
        self._held[job.job_id] = job
        job.task = on_its_own(self._run(job))
        job.task.add_done_callback(lambda _: self._end(job))  # if it is cancelled before it runs
        return job

    def find(self, job_id: str) -> HeldJob:
        """Return a job that is held.

        Raises:
            JobNotFound: There is none, or no longer.
        """
        job = self._held.get(job_id)
        if job is None:
            raise JobNotFound("No such job here: it is unknown, or ended too long ago", "id")
        return job

    async def wait(self, job: HeldJob, timeout_s: float) -> None:
        """Return when `job` has ended, or after a time."""
        if job.task is not None:
            await asyncio.wait([job.task], timeout=timeout_s)

    async def cancel(self, *jobs: HeldJob) -> None:
        """End those of the jobs that have not ended, and free what they have on the device."""
        await stop(*(job.task for job in jobs if job.task is not None))

    async def purge(self) -> int:
        """Cancel the jobs that have not begun; return how many there were."""
        waiting = [job for job in self._held.values() if job.status == "IN_QUEUE"]
        await self.cancel(*waiting)  # all at once: one by one, others would begin meanwhile
        return len(waiting)

    def counts(self) -> Counter[Status]:
        """Return how many jobs wait and run, and have ended since the start, by status."""
        open_jobs = Counter(job.status for job in self._held.values() if not job.is_over)
        return open_jobs + self._ended

    async def _run(self, job: HeldJob) -> None:
        try:
            async with self._places, self._jobs.turn(job.job) as place:
                job.status, job.begun_s = "IN_PROGRESS", time.monotonic()
                await self._speak(job, place)
            error = job.items[-1].get("error")
            if error is None:
                job.status = "COMPLETED"
            else:
                job.status, job.error = "FAILED", str(error)
        except Exception:  # nobody awaits a job: it answers for itself
            logger.exception("job %s failed", job.job_id)
            job.status, job.error = "FAILED", InternalError.of_request(job.job_id).message
        finally:
            self._end(job)

    async def _speak(self, job: HeldJob, place: Place | None) -> None:
        if not job.job.streams:
            job.items.append(await self._jobs.run(job.job, job.follow, place))
            return
        async with aclosing(self._jobs.stream(job.job, place)) as items:
            async for item in items:
                job.items.append(item)

    def _end(self, job: HeldJob) -> None:
        if job.ended_s is not None:
            return
        if not job.is_over:
            job.status = "CANCELLED"
            if job.begun_s is None:  # else its record tells
                self._jobs.given_up(job.job)
        job.ended_s = time.monotonic()
        job.task = None  # one that was cancelled keeps what it held: all that had been spoken
        self._ended[job.status] += 1
        self._held[job.job_id] = self._held.pop(job.job_id)
        loop = asyncio.get_running_loop()
        loop.call_later(KEEP_S, self._held.pop, job.job_id, None)
        over = [other for other in self._held.values() if other.is_over]
        num_bytes = sum(other.held_bytes for other in over)
        for other in over[:-1]:
            if num_bytes <= MAX_HELD_BYTES:
                break
            num_bytes -= other.held_bytes
            del self._held[other.job_id]

    def _make_room(self) -> None:
        if len(self._held) < MAX_JOBS:
            return
        first_over = next((job for job in self._held.values() if job.is_over), None)
        if first_over is None:
            raise Overloaded
        del self._held[first_over.job_id]
