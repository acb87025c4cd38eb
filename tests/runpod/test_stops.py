"""Stops of jobs, over what they see of the SDK: its tasks, and the ids of the jobs it holds."""

from __future__ import annotations

import asyncio

from serve_app.runpod_stops import patient


class Scaler:
    """The SDK's jobs, which are held from when they are taken until their tasks end."""

    def __init__(self, *taken: str) -> None:
        self.held = set(taken)
        self.jobs_tasks: dict[str, asyncio.Task[None]] = {}

    def begin(self, job_id: str) -> asyncio.Task[None]:
        task = self.jobs_tasks[job_id] = asyncio.create_task(self._run(job_id))
        return task

    async def stop_job(self, job_id: str) -> bool:
        task = self.jobs_tasks.get(job_id)
        if task is None:
            return False
        task.cancel()
        return True

    async def stop(self, job_id: str) -> bool:
        return await patient(Scaler.stop_job, lambda: self.held)(self, job_id)

    async def _run(self, job_id: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.held.remove(job_id)
            del self.jobs_tasks[job_id]


async def test_stop_of_a_job_that_has_not_begun_waits_for_it() -> None:
    scaler = Scaler("1")
    stopping = asyncio.create_task(scaler.stop("1"))
    await asyncio.sleep(0)
    assert not stopping.done()
    job = scaler.begin("1")
    assert await stopping
    await asyncio.wait({job})
    assert job.cancelled()


async def test_job_that_is_stopped_as_it_begins_is_held_no_longer() -> None:
    scaler = Scaler("1")
    job = scaler.begin("1")
    assert await scaler.stop("1")
    await asyncio.wait({job})
    assert not scaler.held


async def test_stop_of_a_job_that_is_not_here_is_told_at_once() -> None:
    assert not await Scaler().stop("1")
