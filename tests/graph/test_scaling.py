"""One sampler replica per GPU, and requests spread over them."""

import asyncio

import pytest
from ray import serve

from tests.graph.conftest import num_running, wait_until

pytestmark = pytest.mark.ray


def test_four_gpus_start_four_samplers_and_share_the_load(deploy, graph_voices):
    _, ingress = deploy("gpus", voices_dir=str(graph_voices), sampler_gpus=1)
    wait_until(lambda: num_running("gpus", "Sampler") == 4)

    async def speak():
        job = {"text": "A sentence.", "parameters": {"num_steps": 2, "sequence_length": 32}}
        outputs = await asyncio.gather(*(ingress.run_job.remote(job) for _ in range(64)))
        assert all("error" not in output for output in outputs)

    asyncio.run(speak())
    reports = serve.get_deployment_handle("Sampler", "gpus").broadcast("report").results()
    jobs_by_sampler = [report["stats"]["jobs"] for report in reports]
    assert sum(jobs_by_sampler) == 64
    assert min(jobs_by_sampler) > 0
    serve.delete("gpus")
