"""The requests that applications send which are not installed here, as their sources have them."""

import io

import httpx
import pytest
import soundfile

from tests.clients.conftest import KEY

pytestmark = pytest.mark.slow

TEXT = "Hello there. How are you?"
BEARER = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture
def client(url):
    with httpx.Client(base_url=url) as client:
        yield client


def duration_s(answer):
    assert answer.status_code == 200, answer.text
    samples, rate = soundfile.read(io.BytesIO(answer.content))
    return len(samples) / rate


def test_open_webui_speaks_as_mp3(client):
    """As `_tts_openai` in open_webui/routers/audio/__init__.py does (0.12.4)."""
    body = {"input": TEXT, "voice": "alloy", "model": "tts-1"}
    answer = client.post("/v1/audio/speech", json=body, headers=BEARER)
    assert answer.headers["Content-Type"] == "audio/mpeg"
    assert duration_s(answer) > 1


def test_open_webui_lists_models_and_voices(unlocked):
    """As `get_available_models` and `get_available_voices` do, without a key (0.12.4)."""
    assert unlocked.get("/v1/audio/models").status_code == 404  # then it asks for
    assert [model["id"] for model in unlocked.get("/v1/models").json()["data"]] == ["tone"]
    voices = unlocked.get("/v1/audio/voices").json()["voices"]
    assert {voice["id"]: voice["name"] for voice in voices} == {"alloy.wav": "alloy"}


def test_sillytavern_speaks_with_its_default_settings(client):
    """As `custom.post('/generate-voice')` in src/endpoints/openai.js does (11386ca)."""
    body = {
        "input": TEXT,
        "response_format": "mp3",
        "voice": "alloy",
        "speed": 1,
        "model": "tts-1",
    }
    assert duration_s(client.post("/v1/audio/speech", json=body, headers=BEARER)) > 1


def test_sillytavern_without_a_key_sends_an_empty_one(unlocked):
    body = {"input": TEXT, "response_format": "mp3", "voice": "alloy", "speed": 1, "model": "any"}
    answer = unlocked.post("/v1/audio/speech", json=body, headers={"Authorization": "Bearer"})
    assert duration_s(answer) > 1


@pytest.mark.parametrize("backend", [{}, {"backend": "any"}])
def test_librechat_speaks_through_openai_and_localai(client, backend):
    """As `openAIProvider` and `localAIProvider` in TTSService.js do, fields undefined left out."""
    body = {"input": TEXT, "model": "any", "voice": "deep.wav", **backend}
    assert duration_s(client.post("/v1/audio/speech", json=body, headers=BEARER)) > 1


def test_librechat_speaks_through_elevenlabs(client):
    """As `elevenLabsProvider` in TTSService.js does."""
    body = {"model_id": "any", "text": TEXT, "voice_settings": {"stability": 0.5}}
    headers = {"xi-api-key": KEY, "Accept": "audio/mpeg"}
    answer = client.post("/v1/text-to-speech/deep.wav/stream", json=body, headers=headers)
    assert duration_s(answer) > 1


async def test_wyoming_openai_finds_out_what_we_are_and_speaks(url):
    """As src/wyoming_openai/compatibility.py and handler.py do, for Home Assistant (099e57c)."""
    openai = pytest.importorskip("openai")
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY) as client:
        for path in ("/readyz", "/test"):  # LocalAI and Kokoro-FastAPI have them
            assert (await client._client.get(path)).status_code == 404
        health = await client._client.get("../../health")  # Speaches says OK
        assert health.text != "OK"
        streaming = client.audio.speech.with_streaming_response
        wanted = {"model": "any", "voice": "deep.wav", "input": TEXT, "speed": 1.0}
        async with streaming.create(**wanted, response_format="wav") as answer:
            parts = [part async for part in answer.iter_bytes(chunk_size=2048)]
    samples, rate = soundfile.read(io.BytesIO(b"".join(parts)))
    assert 1 < len(samples) / rate < 4
