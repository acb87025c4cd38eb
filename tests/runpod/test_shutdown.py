"""SIGTERM, as RunPod sends it to a worker it no longer needs."""

from __future__ import annotations

import asyncio
import signal

import pytest

from serve_app.runpod_posts import MAX_POST_S
from tests.runpod.test_job_loop import ENDLESS, SHORT
from tests.runpod.worker import Endpoint, run_endpoint

pytestmark = [
    pytest.mark.ray,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(120),
]

EXIT_S = 20.0
"""Far below the poll that stays open at the platform."""


async def test_sigterm_lets_jobs_finish_until_the_drain_time_is_up(
    joining: dict[str, str],
) -> None:
    async with run_endpoint({**joining, "ECHO_DRAIN_S": "15"}) as endpoint:
        platform, worker = endpoint.platform, endpoint.worker
        endless = await platform.submit(ENDLESS)
        short = await platform.submit(SHORT)
        await asyncio.gather(endless.taken.wait(), short.taken.wait())
        await platform.wait_for_polls("job-take", 1)
        worker.process.send_signal(signal.SIGTERM)
        await worker.wait_for_line("Stopping")
        assert "output" in await short.outcome()

        late = await platform.submit(SHORT)  # the poll that was open brings it
        assert "output" in await late.outcome()
        unwanted = await platform.submit(SHORT)
        assert await endless.outcome() == {"error": "Deadline of 15 s exceeded"}
        # Well before the end that comes in any case.
        assert await asyncio.wait_for(worker.wait(), MAX_POST_S / 2) == 0
        assert not unwanted.taken.is_set()


async def test_sigterm_ends_an_idle_worker_and_leaves_the_cluster_to_others(
    endpoint: Endpoint, joining: dict[str, str]
) -> None:
    async with run_endpoint(joining) as leaving:
        assert "output" in await leaving.platform.run(SHORT)
        leaving.worker.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(leaving.worker.wait(), EXIT_S) == 0
    assert "output" in await endpoint.platform.run(SHORT)
