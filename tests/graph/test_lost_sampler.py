"""A sampler that is killed under its requests loses nobody: what it drew is drawn again."""

import asyncio

import httpx
import psutil
import pytest
from ray import serve

from tests.texts import PARAGRAPHS

pytestmark = pytest.mark.ray

NAME = "lost"
SPEECH = {
    "input": PARAGRAPHS,
    "voice": "otto.ogg",
    "response_format": "pcm",
    "sample_rate": 44100,
    "seed": 5,
}
JOB = {"text": PARAGRAPHS, "speaker_voice": "otto.ogg", "output_format": "wav", "seed": 5}


@pytest.fixture(scope="module")
def lost(deploy, graph_voices):
    """The URL and the ingress of a graph with two samplers."""
    url, ingress = deploy(NAME, voices_dir=str(graph_voices), sampler_replicas=2)
    yield url, ingress
    serve.delete(NAME)


def samplers():
    """Return the processes of the graph's samplers, which Ray names after their deployment."""
    title = f"ServeReplica:{NAME}:Sampler"
    return [process for process in psutil.process_iter() if title in " ".join(process.cmdline())]


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


async def test_streams_and_whole_answers_outlive_their_sampler(lost):
    url, ingress = lost
    reference = await stream(url)
    whole = await ingress.run_job.remote(JOB)
    begun = [asyncio.Event() for _ in range(3)]
    streams = [asyncio.create_task(stream(url, event)) for event in begun]
    jobs = [asyncio.ensure_future(ingress.run_job.remote(JOB)) for _ in range(3)]
    await asyncio.gather(*(event.wait() for event in begun))
    samplers()[0].kill()
    for audio in await asyncio.gather(*streams):
        assert audio == reference
    for output in await asyncio.gather(*jobs):
        assert "error" not in output, output
        assert output["audio_base64"] == whole["audio_base64"]
