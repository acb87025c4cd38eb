import asyncio
import gc
import weakref
from collections import Counter

import numpy as np

from deployments.held_jobs import HeldJobs
from deployments.job_stream import JobStream
from deployments.sampler import PCMBlock
from tests.deployments.conftest import local_handle


class Input(dict):
    """A job's input whose end can be seen."""


class EndlessSampler:
    """Yields a second of each job, and never the rest."""

    async def report(self):
        return {"engine": "endless", "device": "cpu", "stats": {}, "warning": None}

    async def generate(self, job, voice):
        yield PCMBlock(np.full(44100, 0.1, np.float32), "endless", "cpu", 0.0)
        await asyncio.Event().wait()


async def test_job_that_is_cancelled_before_it_begins_is_over(make_ingress):
    held = HeldJobs(make_ingress()._jobs, concurrency=1)
    job = held.take({"text": "Hello."})
    await held.cancel(job)
    assert job.status == "CANCELLED"
    assert held.counts() == Counter(CANCELLED=1)


async def test_job_that_waited_for_a_place_leaves_it_however_it_ends(make_ingress):
    ingress = make_ingress(limits={"max_requests": 1})
    admission = ingress._service._supervision.admission
    held = HeldJobs(ingress._jobs, concurrency=3)
    with admission.admit():
        invalid, dropped = held.take({}), held.take({"text": "Hello."})
        health = held.take({"action": "health_check"})  # which needs none
        await held.wait(health, 60)
        assert health.status == "COMPLETED"
        assert invalid.status == dropped.status == "IN_QUEUE"
        await held.cancel(dropped)
    await held.wait(invalid, 60)
    assert (invalid.status, dropped.status) == ("FAILED", "CANCELLED")
    assert admission.stats()["open"] == 0


async def test_purged_jobs_do_not_begin_in_the_places_of_each_other(make_ingress):
    ingress = make_ingress(limits={"max_requests": 1})
    admission = ingress._service._supervision.admission
    held = HeldJobs(ingress._jobs, concurrency=3)
    with admission.admit():
        jobs = [held.take({"text": "Hello."}) for _ in range(3)]
        await asyncio.sleep(0)
        assert len(admission._waiting) == len(jobs)
        purging = asyncio.create_task(held.purge())
        await asyncio.sleep(0)
    assert await purging == len(jobs)
    assert [(job.status, job.begun_s) for job in jobs] == [("CANCELLED", None)] * len(jobs)
    assert admission.stats()["open"] == 0


async def test_job_that_waits_or_is_over_keeps_nothing_of_its_input(make_ingress):
    ingress = make_ingress(limits={"max_requests": 1})
    held = HeldJobs(ingress._jobs, concurrency=2)
    with ingress._service._supervision.admission.admit():
        inputs = [Input(text="Hello.", more=[[]] * 9), Input(text=[[]] * 9)]
        kept = [weakref.ref(each) for each in inputs]
        jobs = [held.take(each) for each in inputs]
        del inputs
        await asyncio.sleep(0)
        assert [job.status for job in jobs] == ["IN_QUEUE"] * 2
        assert [reference() for reference in kept] == [None] * 2
    for job in jobs:
        await held.wait(job, 60)
    assert [job.status for job in jobs] == ["COMPLETED", "FAILED"]


async def test_job_tells_how_far_it_has_come_once_there_is_audio(make_ingress):
    held = HeldJobs(make_ingress(local_handle(EndlessSampler))._jobs, concurrency=1)
    job = held.take({"text": "Hello."})
    assert job.progress() is None
    while job.record is None or not job.record.num_samples:
        assert job.progress() is None
        await asyncio.sleep(0.01)
    progress = job.progress()
    assert progress["chunks"] == 1
    assert 0 < progress["duration"] <= 1
    await held.cancel(job)


async def test_job_that_was_cancelled_keeps_nothing_of_what_was_spoken(make_ingress, monkeypatch):
    kept, spoken = [], asyncio.Event()
    receive = JobStream.next_block

    async def remember(stream):
        if kept:
            spoken.set()
        block = await receive(stream)
        kept.append(weakref.ref(block))
        return block

    monkeypatch.setattr(JobStream, "next_block", remember)
    held = HeldJobs(make_ingress(local_handle(EndlessSampler))._jobs, concurrency=1)
    job = held.take({"text": "Hello."})
    await spoken.wait()
    await held.cancel(job)
    assert job.status == "CANCELLED"
    gc.collect()
    assert [reference() for reference in kept] == [None]
