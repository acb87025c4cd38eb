"""The echo engine on a tiny random checkpoint, through the same path a GPU uses."""

import base64
import io
from dataclasses import replace

import httpx
import pytest
import soundfile
from ray import serve

from engine.echo.checkpoints import tiny as tiny_checkpoint
from engine.echo.config import SourceFilterConfig
from engine.echo.sizes import TINY
from speech.parameters import ModelParameters
from tests.graph.conftest import open_jobs, stats, wait_until

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def echo(deploy, graph_voices, tmp_path_factory):
    weights = tmp_path_factory.mktemp("weights")
    tiny_checkpoint.write(weights)
    url, _ = deploy(
        "echo",
        weights_dir=str(weights),
        voices_dir=str(graph_voices),
    )
    yield url
    serve.delete("echo")


def test_runsync_answers_with_the_echo_engine(echo):
    job = {
        "text": "Hello.",
        "speaker_voice": "ada.ogg",
        "output_format": "wav",
        "seed": 3,
        "parameters": {"num_steps": 4, "sequence_length": 32},
    }
    answers = [httpx.post(f"{echo}/runsync", json={"input": job}, timeout=60) for _ in range(2)]
    first, again = (answer.json()["output"] for answer in answers)
    assert (first["metadata"]["engine"], first["metadata"]["device"]) == ("echo-tiny", "cpu")
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(first["audio_base64"])))
    assert (len(samples), rate) == (32 * 2048, 44100)
    assert first["audio_base64"] == again["audio_base64"]
    assert stats("echo")["speaker_cache_misses"] == 1
    assert stats("echo")["steps"] == 2 * 4


def test_engine_takes_no_step_for_a_client_that_left(echo):
    before = stats("echo")
    body = {"input": "Hello.", "parameters": {"num_steps": 100, "sequence_length": 640}}
    with httpx.stream("POST", f"{echo}/v1/audio/speech", json=body, timeout=60) as response:
        arriving = response.iter_raw()  # kept: httpx hangs up once nobody holds it
        assert next(arriving)  # the first of three blocks
    wait_until(lambda: open_jobs("echo") == 0)
    after = stats("echo")
    assert after["jobs"] == before["jobs"] + 1
    assert 100 <= after["steps"] - before["steps"] < 3 * 100
    assert stats("echo")["steps"] == after["steps"]


def test_speech_streams_with_the_echo_engine(echo):
    body = {
        "input": "Hello.",
        "voice": "otto.ogg",
        "response_format": "pcm",
        "parameters": {"num_steps": 2, "sequence_length": 64},
    }
    response = httpx.post(f"{echo}/v1/audio/speech", json=body, timeout=60)
    assert response.headers["X-Engine"] == "echo-tiny"
    assert len(response.content) == pytest.approx(2 * 24000 * 64 * 2048 / 44100, abs=8)


@pytest.fixture(scope="module")
def mini(deploy, graph_voices, tmp_path_factory):
    weights = tmp_path_factory.mktemp("mini")
    defaults = ModelParameters(num_steps=3, cfg_max_t=0.6, sequence_length="auto")
    config = replace(TINY, name="echo-mini-tiny", codec=SourceFilterConfig(), defaults=defaults)
    tiny_checkpoint.write(weights, config)
    url, _ = deploy("mini", weights_dir=str(weights), voices_dir=str(graph_voices))
    yield url
    serve.delete("mini")


def test_checkpoint_with_its_own_codec_and_defaults_speaks_under_its_own_name(mini):
    job = {"text": "Hello.", "speaker_voice": "ada.ogg", "output_format": "wav"}
    answer = httpx.post(f"{mini}/runsync", json={"input": job}, timeout=120).json()
    metadata = answer["output"]["metadata"]
    assert metadata["engine"] == "echo-mini-tiny"
    assert stats("mini")["steps"] == 2 * 3  # drawn again at full length: random weights never end
    [model] = httpx.get(f"{mini}/v1/models", timeout=60).json()["data"]
    assert model["id"] == "echo-mini-tiny"
    health = httpx.get(f"{mini}/health", timeout=60).json()
    assert health["checks"]["models"]["details"] == "engine echo-mini-tiny is loaded"


def test_parameters_that_do_not_go_with_the_checkpoints_are_a_bad_request(mini):
    body = {"input": "Hello.", "parameters": {"cfg_min_t": 0.7}}
    answer = httpx.post(f"{mini}/v1/audio/speech", json=body, timeout=60)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "cfg_min_t"
