from collections import Counter

from deployments.held_jobs import HeldJobs


async def test_job_that_is_cancelled_before_it_begins_is_over(make_ingress):
    held = HeldJobs(make_ingress()._jobs, concurrency=1)
    job = held.take({"text": "Hello."})
    await held.cancel(job)
    assert job.status == "CANCELLED"
    assert held.counts() == Counter(CANCELLED=1)
