"""A sampler that is killed under its requests loses nobody: what it drew is drawn again."""

import asyncio
import shutil

import httpx
import pytest
from ray import serve

from tests.graph.conftest import ROOT, get, replicas, wait_until
from tests.texts import PARAGRAPHS

pytestmark = pytest.mark.ray

TWO_PARAGRAPHS = PARAGRAPHS.rpartition("\n\n")[0]
SPEECH = {
    "input": TWO_PARAGRAPHS,
    "voice": "otto.ogg",
    "response_format": "pcm",
    "sample_rate": 44100,
    "seed": 5,
    "parameters": {"num_steps": 4},
}
JOB = {
    "text": TWO_PARAGRAPHS,
    "speaker_voice": "otto.ogg",
    "output_format": "wav",
    "seed": 5,
    "parameters": {"num_steps": 4},
}


async def stream(url, first_audio=None):
    """Return the whole audio of a stream; set `first_audio` once it has begun."""
    audio = b""
    async with (
        httpx.AsyncClient(timeout=120) as client,
        client.stream("POST", f"{url}/v1/audio/speech", json=SPEECH) as response,
    ):
        assert response.status_code == 200, await response.aread()
        async for part in response.aiter_raw():
            audio += part
            if first_audio is not None:
                first_audio.set()
    return audio


async def test_streams_and_whole_answers_outlive_their_sampler(pair):
    url, ingress = pair
    reference = await stream(url)
    whole = await ingress.run_job.remote(JOB)
    begun = [asyncio.Event() for _ in range(3)]
    streams = [asyncio.create_task(stream(url, event)) for event in begun]
    jobs = [asyncio.ensure_future(ingress.run_job.remote(JOB)) for _ in range(3)]
    await asyncio.gather(*(event.wait() for event in begun))
    replicas("pair", "Sampler")[0].kill()
    for audio in await asyncio.gather(*streams):
        assert audio == reference
    for output in await asyncio.gather(*jobs):
        assert "error" not in output, output
        assert output["audio_base64"] == whole["audio_base64"]


def test_graph_whose_sampler_cannot_come_back_says_so_until_it_can(deploy, graph_voices, tmp_path):
    weights, away = tmp_path / "weights", tmp_path / "away"
    shutil.copytree(ROOT / "checkpoints" / "echo-mini", weights)
    url, _ = deploy("stuck", voices_dir=str(graph_voices), weights_dir=str(weights))
    assert httpx.get(f"{url}/ping", timeout=60).status_code == 200

    weights.rename(away)
    for process in replicas("stuck", "Sampler"):
        process.kill()
    wait_until(lambda: get(f"{url}/ping").status_code == 503)
    refused = httpx.post(f"{url}/v1/audio/speech", json=SPEECH, timeout=60)
    assert refused.status_code == 503
    assert refused.headers["Retry-After"]
    assert refused.json()["error"]["message"] == "No sampler answers, retry later"
    health = httpx.get(f"{url}/health", timeout=60)
    assert health.status_code == 503
    assert health.json()["checks"]["models"]["status"] == "fail"

    away.rename(weights)
    wait_until(lambda: get(f"{url}/ping").status_code == 200, timeout_s=120)
    assert httpx.post(f"{url}/v1/audio/speech", json=SPEECH, timeout=60).status_code == 200
    serve.delete("stuck")
