"""RunPod's own client drives the server, as it would drive an endpoint."""

import base64
import io

import pytest
import soundfile

from tests.graph.conftest import open_jobs, wait_until
from tests.texts import PARAGRAPHS

pytestmark = pytest.mark.ray

JOB = {"text": "Good evening.", "speaker_voice": "ada.ogg", "output_format": "flac"}


@pytest.fixture
def client(graph, monkeypatch):
    import runpod  # it takes a second, and every process of the tests collects this one

    monkeypatch.setattr(runpod, "endpoint_url_base", f"{graph}/v2")
    return runpod.Endpoint("any", api_key="any")


def test_run_sync_answers_the_output(client):
    output = client.run_sync(JOB)
    audio, rate = soundfile.read(io.BytesIO(base64.b64decode(output["audio_base64"])))
    assert len(audio) / rate == pytest.approx(output["metadata"]["duration"], abs=0.01)


def test_run_tells_progress_then_the_output(client):
    job = client.run({**JOB, "text": PARAGRAPHS})
    told = []

    def is_over():
        told.append(client.rp_client.get(f"any/status/{job.job_id}"))
        return told[-1]["status"] == "COMPLETED"

    wait_until(is_over, 120)
    progress = [state["output"] for state in told[:-1] if "output" in state]
    assert progress
    assert progress == sorted(progress, key=lambda state: state["duration"])
    assert job.output()["metadata"]["duration"] >= progress[-1]["duration"]
    assert job.status() == "COMPLETED"


def test_stream_yields_the_parts(client):
    parts = list(client.run({**JOB, "stream": True}).stream())
    assert [part["index"] for part in parts[:-1]] == list(range(len(parts) - 1))
    assert parts[-1]["status"] == "completed"


def test_cancel_ends_the_job_on_the_device(client):
    job = client.run({**JOB, "text": PARAGRAPHS})
    wait_until(lambda: open_jobs("graph") > 0)
    assert job.cancel()["status"] == "CANCELLED"
    wait_until(lambda: open_jobs("graph") == 0)
    assert job.status() == "CANCELLED"


def test_health_counts_the_jobs(client):
    before = client.health()["jobs"]["completed"]
    client.run_sync(JOB)
    assert client.health()["jobs"]["completed"] == before + 1
    assert client.health()["workers"]["ready"] == 1
