"""Trouble that nobody watches: RunPod does not take an output, or the node dies under a worker."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
import pytest_asyncio

from serve_app.runpod_polls import FIRST_PAUSE_S
from tests.ray_node import kill_node
from tests.runpod.platform import Task
from tests.runpod.test_job_loop import ENDLESS, SHORT, freed
from tests.runpod.worker import Endpoint, run_endpoint

pytestmark = [
    pytest.mark.ray,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(240),
]

OUTAGE_S = 15
SDK_PAUSE_S = 1.0
"""The pause that the SDK itself makes after a poll for stops that failed."""


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def outage(graph_environment: dict[str, str]) -> AsyncIterator[tuple[Endpoint, Task]]:
    """A worker with a Ray of its own, and the job under which its node died.

    It is there before the tests of this module, which run while it waits for its graph.
    """
    with tempfile.TemporaryDirectory(prefix="rp", dir="/tmp", ignore_cleanup_errors=True) as folder:
        own_ray = {"ECHO_RAY_TEMP_DIR": folder, "ECHO_OUTAGE_S": str(OUTAGE_S)}
        async with run_endpoint({**graph_environment, **own_ray}) as endpoint:
            running = await endpoint.platform.submit(ENDLESS)
            await running.taken.wait()
            kill_node(endpoint.worker.process.pid)
            yield endpoint, running


async def test_output_outlives_trouble_of_the_platform(endpoint: Endpoint) -> None:
    endpoint.platform.troubles.extend((503, 500, 503, 429))  # the SDK would give up at each
    assert "output" in await endpoint.platform.run(SHORT)
    assert not endpoint.platform.troubles


async def test_output_that_is_refused_for_good_is_logged_as_lost(endpoint: Endpoint) -> None:
    endpoint.platform.troubles.append(400)
    task = await endpoint.platform.submit(SHORT)
    await endpoint.worker.wait_for_line(f"an output of job {task.id} (400): it is lost")


async def test_takes_that_fail_are_repeated_with_pauses(endpoint: Endpoint) -> None:
    platform = endpoint.platform
    del platform.answered_at[:]
    await platform.answer((401, {}), (500, "no"), (502, None), (404, []))
    assert "output" in await platform.run(SHORT)
    pauses = [after - before for before, after in pairwise(platform.answered_at)]
    assert len(pauses) == 3
    assert all(pause >= FIRST_PAUSE_S for pause in pauses)


async def test_polls_for_stops_that_fail_are_repeated_with_pauses(endpoint: Endpoint) -> None:
    platform = endpoint.platform
    await platform.fail_stops(500, 404)
    task = await platform.submit(ENDLESS)
    await task.taken.wait()
    await task.cancel()
    await freed(endpoint, task)
    first, second = platform.stops_failed_at
    assert second - first >= FIRST_PAUSE_S + SDK_PAUSE_S


async def test_garbage_among_jobs_costs_no_job(endpoint: Endpoint) -> None:
    platform = endpoint.platform
    running = await platform.submit(ENDLESS)
    await running.taken.wait()
    others = [platform.expect(SHORT) for _ in range(2)]
    for task in others:
        task.job["self"] = "a field that its client sent"
    garbage = [None, "job", {"input": {}}, {"id": 5, "input": {}}, {"id": "", "input": {}}]
    jobs = [running.job, *garbage, *(task.job for task in others)]
    await platform.answer((200, "no jobs"), (200, {"id": "x"}), (200, jobs))
    for task in others:
        assert "output" in await task.outcome()
    assert f"sent job {running.id} again" in endpoint.worker.output
    await running.cancel()
    await freed(endpoint, running)


async def test_worker_whose_node_died_fails_its_jobs_and_ends(
    outage: tuple[Endpoint, Task],
) -> None:
    endpoint, running = outage
    assert "error" in await running.outcome()
    assert await endpoint.worker.wait() == 1
    assert f"could not speak for {OUTAGE_S} s" in endpoint.worker.output
