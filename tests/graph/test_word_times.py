"""Word times of delivered audio, held against a forced alignment of it."""

import base64
import io
import json

import httpx
import numpy as np
import pytest
import soundfile

from training.recogniser import Aligner, words

pytestmark = pytest.mark.ray

TEXT = (
    "The old man walked slowly along the river. We found a small boat near the stone bridge. "
    "[pause:1.2s] He has 3 dogs, and they bark every night. Turn off the lights when you go to bed."
)
SAID = TEXT.replace("[pause:1.2s] ", "").replace("3", "three")


def _off_s(audio, told):
    known = Aligner().align(audio, words(SAID))
    assert len(known) == len(told)
    return np.abs(np.subtract([(word["start"], word["end"]) for word in told], known))


@pytest.mark.parametrize("voice", ["ada.ogg", None])
def test_words_are_where_the_delivered_audio_has_them(graph, voice):
    job = {"text": TEXT, "speaker_voice": voice, "output_format": "wav", "timestamps": "word"}
    answer = httpx.post(f"{graph}/runsync", json={"input": job}, timeout=120).json()["output"]
    audio, _ = soundfile.read(io.BytesIO(base64.b64decode(answer["audio_base64"])))
    told = answer["metadata"]["words"]
    assert [word["word"] for word in told] == TEXT.replace("[pause:1.2s] ", "").split()
    off_s = _off_s(audio, told)
    assert np.median(off_s) <= 0.05
    assert np.quantile(off_s, 0.95) <= 0.15


def test_words_of_a_slower_stream_are_where_it_has_them(graph):
    body = {
        "input": TEXT,
        "voice": "otto.ogg",
        "response_format": "wav",
        "sample_rate": 44100,
        "speed": 0.8,
        "stream_format": "sse",
        "timestamps": "word",
    }
    answer = httpx.post(f"{graph}/v1/audio/speech", json=body, timeout=120).text
    events = [json.loads(line[6:]) for line in answer.split("\n\n") if line]
    packets = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    audio = np.frombuffer(packets[44:], "<i2") / 32768
    off_s = _off_s(audio, events[-1]["words"])
    assert np.median(off_s) <= 0.05
    assert np.quantile(off_s, 0.95) <= 0.15
