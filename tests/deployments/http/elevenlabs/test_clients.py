"""ElevenLabs' own SDK and LiveKit's plugin, against our routes by another URL."""

import base64
import io
from importlib import import_module

import aiohttp
import httpx
import numpy as np
import pytest
import soundfile

from tests.deployments.sockets import served

# The SDK asks the websockets package for what it has renamed.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:ConnectionClosed.code:DeprecationWarning"),
]

TEXT = "Hello there. How are you, Dr. Mason? Fine."


@pytest.fixture
def url(make_ingress):
    """The address of a server over real sockets that asks for the key `secret`."""
    with served(make_ingress(api_keys=["secret"])) as url:
        yield url


@pytest.fixture
def elevenlabs():
    """The package of ElevenLabs' SDK, which takes a while to import."""
    return import_module("elevenlabs")


@pytest.fixture
def livekit():
    """The package of LiveKit's plugin, which takes longer."""
    return import_module("livekit.plugins.elevenlabs")


@pytest.fixture
def sdk(elevenlabs, url):
    with httpx.Client() as client:
        yield elevenlabs.ElevenLabs(base_url=url, api_key="secret", httpx_client=client)


def duration_s(audio):
    samples, rate = soundfile.read(io.BytesIO(audio))
    return len(samples) / rate


def test_sdk_converts_and_streams(sdk):
    voice = {"voice_id": "deep.wav", "text": TEXT}
    whole = b"".join(sdk.text_to_speech.convert(**voice))
    streamed = b"".join(sdk.text_to_speech.stream(**voice, output_format="mp3_44100_128"))
    pcm = b"".join(sdk.text_to_speech.stream(**voice, output_format="pcm_16000"))
    assert whole == streamed
    assert duration_s(whole) == pytest.approx(len(pcm) / 2 / 16000, abs=0.1)


def test_sdk_gets_the_time_of_every_character(sdk):
    voice = {"voice_id": "default", "text": TEXT, "output_format": "pcm_24000"}
    whole = sdk.text_to_speech.convert_with_timestamps(**voice)
    parts = list(sdk.text_to_speech.stream_with_timestamps(**voice))
    audio = base64.b64decode(whole.audio_base_64)
    assert b"".join(base64.b64decode(part.audio_base_64) for part in parts) == audio
    assert "".join(whole.alignment.characters) == TEXT
    told = [part.alignment for part in parts if part.alignment]
    assert [c for alignment in told for c in alignment.characters] == whole.alignment.characters
    starts = whole.alignment.character_start_times_seconds
    assert starts == sorted(starts)
    assert whole.alignment.character_end_times_seconds[-1] <= len(audio) / 2 / 24000 + 0.05


def test_sdk_speaks_text_as_it_comes(sdk, url):
    client = sdk.text_to_speech
    client._ws_base_url = url.replace("http", "ws", 1)  # the SDK itself speaks TLS only
    pcm = b"".join(
        client.convert_realtime(
            "deep.wav", text=iter(TEXT.split(" ")), output_format="pcm_24000", model_id="any"
        )
    )
    assert 2 < len(pcm) / 2 / 24000 < 10
    assert np.abs(np.frombuffer(pcm, np.int16)).max() > 1000


def test_sdk_is_told_of_errors(elevenlabs, sdk, url):
    with pytest.raises(elevenlabs.core.ApiError) as unknown_voice:
        list(sdk.text_to_speech.convert("nobody.wav", text="Hi."))
    assert unknown_voice.value.status_code == 404
    with pytest.raises(elevenlabs.core.ApiError) as unknown_format:
        list(sdk.text_to_speech.convert("default", text="Hi.", output_format="ulaw_8000"))
    assert unknown_format.value.status_code == 400
    client = sdk.text_to_speech
    client._ws_base_url = url.replace("http", "ws", 1)
    with pytest.raises(elevenlabs.core.ApiError) as failed:
        list(client.convert_realtime("nobody.wav", text=iter(["Hi."]), model_id="any"))
    assert "nobody.wav" in str(failed.value.body)


def test_sdk_without_the_key_is_refused(elevenlabs, url):
    with httpx.Client() as client:
        sdk = elevenlabs.ElevenLabs(base_url=url, api_key="wrong", httpx_client=client)
        with pytest.raises(elevenlabs.core.ApiError) as refused:
            list(sdk.text_to_speech.convert("default", text="Hi."))
    assert refused.value.status_code == 401


async def test_livekit_streams_several_utterances_over_one_connection(livekit, url):
    async with aiohttp.ClientSession() as session:
        tts = livekit.TTS(
            base_url=f"{url}/v1",
            api_key="secret",
            voice_id="deep.wav",
            encoding="pcm_24000",
            http_session=session,
        )
        for _ in range(2):
            async with tts.stream() as stream:
                for word in TEXT.split(" "):
                    stream.push_text(f"{word} ")
                stream.end_input()
                frames, words = [], []
                async for event in stream:
                    frames.append(event.frame)
                    words += event.frame.userdata.get("lk.timed_transcripts", [])
            assert 2 < sum(frame.duration for frame in frames) < 10
            assert "".join(words).split() == TEXT.split()
        await tts.aclose()


async def test_livekit_synthesizes_whole_texts(livekit, url):
    async with aiohttp.ClientSession() as session:
        tts = livekit.TTS(
            base_url=f"{url}/v1", api_key="secret", voice_id="default", http_session=session
        )
        frames = [event.frame async for event in tts.synthesize(TEXT)]
        await tts.aclose()
    assert 2 < sum(frame.duration for frame in frames) < 10
