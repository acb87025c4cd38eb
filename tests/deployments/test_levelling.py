"""Levels through the APIs of an ingress, whose engine hums."""

import base64
import io
import json

import numpy as np
import pytest
import soundfile
from starlette.testclient import TestClient

from deployments.dispatch import Sampled
from deployments.levelling import level
from deployments.sampler import PCMBlock
from speech.levelling import Leveller
from speech.loudness import measure_loudness
from speech.timestamps import TimedWord

LUFS = -20.0
TEXT = "A hum for each of these sentences. " * 4
PARAMETERS = {"target_duration_seconds": 3}
RATE = 44100


def hum(amplitude, seconds=1.0):
    return (amplitude * np.sin(np.arange(round(seconds * RATE)) / 9)).astype(np.float32)


async def test_blocks_keep_their_order_words_and_faults():
    words = (TimedWord("one", 0.1, 0.5),)

    async def sampled():
        yield Sampled(0, PCMBlock(hum(0.1), "tone", "cpu", 0.0), 0.0)
        yield Sampled(0, None, 0.0)
        yield Sampled(1, PCMBlock(hum(0.2), "tone", "cpu", 0.0, words), 0.0)
        yield Sampled(1, PCMBlock(hum(0.2, 0.5), "tone", "cpu", 0.0, (), "cut"), 0.0)
        yield Sampled(1, None, 0.0)

    levelled = level(sampled(), Leveller(None, -1.0, stream=True), lambda _: None, None)
    items = [item async for item in levelled]
    assert [item.job_index for item in items] == [0, 0, 1, 1, 1]
    assert [item.block is None for item in items] == [False, True, False, False, True]
    assert items[2].block.words == words
    assert (items[2].block.fault, items[3].block.fault) == (None, "cut")
    assert np.allclose(items[2].block.pcm, hum(0.1), atol=0.002)
    assert np.allclose(items[3].block.pcm, hum(0.1, 0.5), atol=0.002)


def loudness_of(raw, sample_rate):
    return measure_loudness(np.frombuffer(raw, "<i2").astype(np.float32) / 2**15, sample_rate).lufs


@pytest.mark.parametrize("response_format", ["wav", "flac", "opus", "mp3", "aac"])
def test_speech_has_its_loudness_in_every_format(api, response_format):
    body = {"input": TEXT, "response_format": response_format, "loudness": LUFS}
    answer = api.post("/v1/audio/speech", json=body | {"parameters": PARAMETERS})
    assert answer.status_code == 200
    pcm, sample_rate = decoded(answer.content)
    assert measure_loudness(pcm, sample_rate).lufs == pytest.approx(LUFS, abs=0.5)


def decoded(raw):
    import av

    with av.open(io.BytesIO(raw)) as file:
        frames = [frame.to_ndarray()[0] for frame in file.decode(audio=0)]
        rate = file.streams.audio[0].rate
    pcm = np.concatenate(frames)
    scale = 1 if pcm.dtype == np.float32 else 2 ** (8 * pcm.itemsize - 1)
    return pcm.astype(np.float32) / scale, rate


def test_events_and_jobs_have_the_loudness_too(api):
    body = {"input": TEXT, "response_format": "pcm", "stream_format": "sse", "loudness": LUFS}
    lines = api.post("/v1/audio/speech", json=body).text.splitlines()
    events = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data:")]
    audio = b"".join(base64.b64decode(event.get("audio", "")) for event in events)
    assert loudness_of(audio, 24000) == pytest.approx(LUFS, abs=0.5)
    job = {"text": TEXT, "output_format": "wav", "loudness": LUFS, "parameters": PARAMETERS}
    output = api.post("/runsync", json={"input": job}).json()["output"]
    pcm, rate = soundfile.read(
        io.BytesIO(base64.b64decode(output["audio_base64"])), dtype="float32"
    )
    assert measure_loudness(pcm, rate).lufs == pytest.approx(LUFS, abs=0.5)


def test_text_as_it_is_written_has_the_loudness_too(make_ingress):
    config = {"response_format": "pcm", "sample_rate": 24000, "loudness": LUFS}
    audio = b""
    with (
        TestClient(make_ingress().__serve_build_asgi_app__()) as client,
        client.websocket_connect("/v1/audio/speech/stream") as websocket,
    ):
        websocket.send_json({"type": "session.config", **config})
        websocket.send_json({"type": "input.text", "text": TEXT})
        websocket.send_json({"type": "input.done"})
        while True:
            frame = websocket.receive()
            if frame.get("bytes") is not None:
                audio += frame["bytes"]
            elif json.loads(frame["text"])["type"] == "session.done":
                break
    assert loudness_of(audio, 24000) == pytest.approx(LUFS, abs=0.5)


@pytest.mark.parametrize("loudness", [-9.9, -36.1, "loud", True])
def test_loudness_out_of_range_is_named(api, loudness):
    refused = api.post("/v1/audio/speech", json={"input": TEXT, "loudness": loudness})
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "loudness"
    job = {"input": {"text": TEXT, "loudness": loudness}}
    assert api.post("/runsync", json=job).json()["error"].startswith("Invalid 'loudness'")
