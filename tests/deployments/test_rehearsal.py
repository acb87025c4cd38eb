"""Requests that name no voice, over an ingress: which jobs are drawn, and with which voice."""

import numpy as np
import pytest

from deployments.sampler import PCMBlock
from tests.deployments.conftest import local_handle

DRAWN = []
NAMES = []
TEXT = "The first of two sentences.\n\nThe second of two sentences."


class RecordingSampler:
    """Notes each job's text and whether it has a voice; hums for six seconds."""

    async def report(self):
        return {"engine": "recording", "device": "cpu", "stats": {}, "warning": None}

    async def generate(self, job, voice):
        DRAWN.append((job.text.split()[1], voice is not None))
        NAMES.append((job.request_id, job.seed))
        hum = 0.1 * np.sin(np.arange(6 * 44100) / 30)
        yield PCMBlock(hum.astype(np.float32), "recording", "cpu", 0.0)


@pytest.fixture
def client(make_ingress, connect):
    DRAWN.clear()
    NAMES.clear()
    return connect(make_ingress(local_handle(RecordingSampler)))


def job(text=TEXT, **fields):
    return {"input": {"text": text, "output_format": "wav", **fields}}


async def test_whole_answer_speaks_its_first_words_in_the_voice_they_gave(client):
    output = (await client.post("/runsync", json=job())).json()["output"]
    assert output["metadata"]["chunks"] == 2
    assert DRAWN[0] == ("first", False)
    assert sorted(DRAWN[1:]) == [("first", True), ("second", True)]


async def test_rehearsed_job_is_not_taken_for_one_that_was_lost_where_it_was_drawn(client):
    await client.post("/runsync", json=job())
    assert len(set(NAMES)) == len(NAMES) == 3


async def test_stream_does_not_wait_for_a_rehearsal(client):
    body = {"input": TEXT, "response_format": "pcm"}
    assert (await client.post("/v1/audio/speech", json=body)).status_code == 200
    assert DRAWN == [("first", False), ("second", True)]


async def test_one_chunk_alone_or_in_a_named_voice_is_not_rehearsed(client):
    await client.post("/runsync", json=job("The first sentence."))
    assert DRAWN == [("first", False)]
    DRAWN.clear()
    await client.post("/runsync", json=job(speaker_voice="deep.wav"))
    assert sorted(DRAWN) == [("first", True), ("second", True)]
