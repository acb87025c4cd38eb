"""Trouble that nobody watches: RunPod does not take an output, or the node dies under a worker."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from serve_app.runpod_takes import FIRST_PAUSE_S
from tests.runpod.test_job_loop import ENDLESS, SHORT, freed
from tests.runpod.worker import Endpoint, WorkerProcess, run_endpoint

pytestmark = [
    pytest.mark.ray,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(240),
]

OUTAGE_S = 15


@pytest.fixture
def own_ray(graph_environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """Settings of a worker that boots a Ray of its own and waits briefly for a lost graph."""
    folder = Path(tempfile.mkdtemp(prefix="rp", dir="/tmp"))
    yield {
        **graph_environment,
        "ECHO_RAY_TEMP_DIR": str(folder),
        "ECHO_OUTAGE_S": str(OUTAGE_S),
    }
    shutil.rmtree(folder, ignore_errors=True)


def kill_node(worker: WorkerProcess) -> None:
    """Kill the worker's raylet, and with it every replica."""
    family = psutil.Process(worker.process.pid).children(recursive=True)
    [raylet] = [process for process in family if process.name() == "raylet"]
    raylet.kill()


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


async def test_worker_whose_node_died_fails_its_jobs_and_ends(own_ray: dict[str, str]) -> None:
    async with run_endpoint(own_ray) as endpoint:
        running = await endpoint.platform.submit(ENDLESS)
        await running.taken.wait()
        kill_node(endpoint.worker)
        assert "error" in await running.outcome()
        assert await endpoint.worker.wait() == 1
        assert f"could not speak for {OUTAGE_S} s" in endpoint.worker.output
