"""The SDK's own ways to run a worker without the platform."""

from __future__ import annotations

import asyncio
import json
import socket

import httpx
import pytest

from tests.runpod.test_job_loop import SHORT
from tests.runpod.worker import run_worker

pytestmark = [
    pytest.mark.ray,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(120),
]


@pytest.mark.parametrize(
    "arguments", [[], ["--test_input", json.dumps({"input": SHORT})]], ids=["file", "argument"]
)
async def test_one_local_job_runs_even_if_streaming_is_on(
    joining: dict[str, str], arguments: list[str]
) -> None:
    async with run_worker({**joining, "ECHO_RUNPOD_STREAMING": "1"}, arguments) as worker:
        assert await worker.wait() == 0
        assert "'status': 'completed'" in worker.output


async def test_a_bad_local_job_ends_with_an_error(joining: dict[str, str]) -> None:
    arguments = ["--test_input", json.dumps({"input": {"text": ""}})]
    async with run_worker(joining, arguments) as worker:
        assert await worker.wait() == 1
        assert "Text cannot be empty" in worker.output


async def test_local_api_answers_jobs(joining: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = ["--rp_serve_api", "--rp_api_host", "127.0.0.1", "--rp_api_port", str(port)]
    async with run_worker(joining, arguments) as worker, httpx.AsyncClient(timeout=60) as client:
        await worker.wait_for_line("Uvicorn running")
        address = f"http://127.0.0.1:{port}/runsync"
        answers = await asyncio.gather(
            *(client.post(address, json={"input": {**SHORT, "seed": n}}) for n in (1, 2))
        )
        outputs = [answer.json()["output"] for answer in answers]
        assert [output["metadata"]["seed"] for output in outputs] == [1, 2]
        refused = await client.post(address, json={"input": {"text": ""}})
        assert refused.json()["error"] == "Text cannot be empty"
