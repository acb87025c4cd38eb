"""The graph on a real cluster, spoken to as its users do."""

import base64
import io
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
import ray
import soundfile
from ray import serve
from ray.util import list_named_actors

from engine.protocol import Job
from tests.conftest import voiced
from tests.texts import THREE_SEMITONES
from training.pitch import median_pitch_hz

pytestmark = pytest.mark.ray

SENTENCE = "Every word of this sentence is spoken."


@pytest.fixture
def client(graph):
    with httpx.Client(base_url=graph, timeout=60) as client:
        yield client


@pytest.fixture
def sdk(graph):
    import openai  # slow, and every process of the tests collects this one

    with openai.OpenAI(base_url=f"{graph}/v1", api_key="none", max_retries=0) as sdk:
        yield sdk


def publish(folder: Path, name: str, pitch_hz: float) -> None:
    """Publish a voice as the README says: write under another name, then rename."""
    temporary = folder / f".{name}"
    soundfile.write(temporary, voiced(pitch_hz), 44100)
    os.replace(temporary, folder / name)


def run_job(client, **fields):
    body = {"input": {"text": SENTENCE, **fields}}
    response = client.post("/runsync", json=body)
    assert response.status_code == 200
    return response.json()


def spoken_pitch_hz(envelope) -> float:
    audio = base64.b64decode(envelope["output"]["audio_base64"])
    samples, rate = soundfile.read(io.BytesIO(audio), dtype="float32")
    return median_pitch_hz(samples, rate)


def test_graph_probes(client):
    assert client.get("/ping").status_code == 200
    assert client.get("/health").json()["status"] == "healthy"


def test_job_completes_with_the_contracts_metadata(client):
    envelope = run_job(client, seed=5, session_id="take-1")
    output = envelope["output"]
    assert output["filename"] == "take-1.ogg"
    metadata = output["metadata"]
    assert set(metadata) == {
        "sample_rate",
        "codec",
        "bitrate",
        "duration",
        "seed",
        "device",
        "engine",
        "chunks",
        "timings",
    }
    assert (metadata["seed"], metadata["engine"], metadata["device"]) == (5, "echo-mini", "cpu")
    assert set(metadata["timings"]) == {"queue", "voice", "generate", "encode", "total"}
    assert metadata["timings"]["total"] >= metadata["timings"]["encode"] > 0


def test_response_says_its_request_id_once(client):
    body = {"input": SENTENCE, "voice": "default"}
    response = client.post("/v1/audio/speech", json=body, headers={"X-Request-ID": "call-7"})
    assert response.headers.get_list("X-Request-ID") == ["call-7"]
    (request_id,) = client.post("/v1/audio/speech", json=body).headers.get_list("X-Request-ID")
    assert request_id


def test_same_seed_same_audio(client):
    first, again, other = (run_job(client, seed=seed) for seed in (3, 3, 4))
    audio = [envelope["output"]["audio_base64"] for envelope in (first, again, other)]
    assert audio[0] == audio[1] != audio[2]


def test_voice_error_crosses_the_handles_with_its_text(client):
    assert run_job(client, speaker_voice="nobody.wav")["error"] == (
        "speaker_voice 'nobody.wav' not found"
    )
    assert run_job(client, speaker_voice="../x.wav")["error"] == "Invalid speaker_voice path"
    assert run_job(client, speaker_voice=None)["status"] == "COMPLETED"


def test_voice_speaks_when_published_changes_when_replaced_fails_when_removed(client, graph_voices):
    name = "changing.wav"
    assert "error" in run_job(client, speaker_voice=name)
    publish(graph_voices, name, 100)
    low = run_job(client, speaker_voice=name, output_format="wav")
    publish(graph_voices, name, 200)  # same size, same second
    high = run_job(client, speaker_voice=name, output_format="wav")
    assert spoken_pitch_hz(low) == pytest.approx(100, rel=THREE_SEMITONES)
    assert spoken_pitch_hz(high) == pytest.approx(200, rel=THREE_SEMITONES)
    (graph_voices / name).unlink()
    assert run_job(client, speaker_voice=name)["error"] == f"speaker_voice '{name}' not found"


def test_voice_below_a_subfolder(client, graph_voices):
    (graph_voices / "cast").mkdir()
    publish(graph_voices / "cast", "hero.wav", 120)
    assert run_job(client, speaker_voice="cast/hero.wav")["status"] == "COMPLETED"


def test_voice_survives_the_death_of_the_replica_that_prepared_it(client, graph_voices):
    publish(graph_voices, "survivor.wav", 110)
    assert run_job(client, speaker_voice="survivor.wav")["status"] == "COMPLETED"
    kill_replica("VoicePrep")
    assert run_job(client, speaker_voice="survivor.wav")["status"] == "COMPLETED"


def test_engine_gets_a_voice_whose_owner_died_after_preparing_it(graph, graph_voices):
    publish(graph_voices, "orphan.wav", 105)
    voice_prep = serve.get_deployment_handle("VoicePrep", "graph")
    prepared = voice_prep.prepare.remote("orphan.wav").result(timeout_s=60)
    kill_replica("VoicePrep")
    sampler = serve.get_deployment_handle("Sampler", "graph").options(stream=True)
    job = Job(SENTENCE, 0)
    pcm = np.concatenate([piece.pcm for piece in sampler.generate.remote(job, prepared)])
    assert median_pitch_hz(pcm, 44100) == pytest.approx(105, rel=THREE_SEMITONES)


def kill_replica(deployment):
    named = list_named_actors(all_namespaces=True)
    actor = next(a for a in named if f"::graph#{deployment}#" in a["name"])
    ray.kill(ray.get_actor(**actor), no_restart=True)


def test_sixteen_clients_at_once(client):
    with ThreadPoolExecutor(16) as pool:
        envelopes = list(pool.map(lambda seed: run_job(client, seed=seed), range(16)))
    assert [envelope["output"]["metadata"]["seed"] for envelope in envelopes] == list(range(16))


@pytest.mark.parametrize("output_format", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
def test_openai_sdk_speaks_every_format(sdk, output_format):
    speech = sdk.audio.speech.create(
        model="tts-1", voice="default", input="Hello.", response_format=output_format
    )
    assert len(speech.content) > 1000


def test_openai_sdk_streams_to_a_file(sdk, tmp_path):
    target = tmp_path / "speech.wav"
    with sdk.audio.speech.with_streaming_response.create(
        model="tts-1", voice="default", input="One. Two. Three.", response_format="wav"
    ) as response:
        response.stream_to_file(target)
    samples, rate = soundfile.read(target)
    assert len(samples) > rate


def test_openai_sdk_streams_events(sdk):
    asked = {"model": "tts-1", "voice": "default", "input": "One. Two.", "response_format": "pcm"}
    with sdk.audio.speech.with_streaming_response.create(**asked, stream_format="sse") as response:
        events = [json.loads(line.removeprefix("data: ")) for line in response.iter_lines() if line]
    *deltas, done = events
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    audio = b"".join(base64.b64decode(event["audio"]) for event in deltas)
    assert audio == sdk.audio.speech.create(**asked).content
    assert done["type"] == "speech.audio.done"
    assert done["usage"]["input_tokens"] == len(asked["input"])


def test_openai_sdk_sees_errors_by_their_class(sdk):
    import openai

    with pytest.raises(openai.NotFoundError, match=r"speaker_voice 'x\.wav' not found"):
        sdk.audio.speech.create(model="tts-1", voice="x.wav", input="Hello.")
    with pytest.raises(openai.BadRequestError, match="Text cannot be empty"):
        sdk.audio.speech.create(model="tts-1", voice="default", input=" ")
    assert [model.id for model in sdk.models.list()] == ["echo-mini"]


def test_curl_writes_a_file(graph, tmp_path):
    target = tmp_path / "speech.mp3"
    body = '{"input": "Hello.", "voice": "default"}'
    command = ["curl", "-sf", f"{graph}/v1/audio/speech", "-H", "Content-Type: application/json"]
    subprocess.run([*command, "-d", body, "-o", target], check=True, timeout=60)
    assert soundfile.info(target).duration > 0.3
