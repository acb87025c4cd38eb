"""A dialogue over HTTP is spoken turn by turn in the voices that it names."""

import io

import httpx
import pytest
import soundfile

from tests.texts import THREE_SEMITONES
from training.pitch import median_pitch_hz

pytestmark = pytest.mark.ray

ADA_HZ, OTTO_HZ = 180, 102
DIALOGUE = {
    "text": "[S1] Is the harbour quiet tonight? [pause:3s] [S2] The last ferry came in at noon.",
    "voices": {"S1": "ada.ogg", "S2": "otto.ogg"},
    "output_format": "wav",
}


def test_turns_are_spoken_in_their_voices(graph):
    answer = httpx.post(
        f"{graph}/v1/audio/speech",
        json={
            "input": DIALOGUE["text"],
            "voices": DIALOGUE["voices"],
            "response_format": DIALOGUE["output_format"],
        },
        timeout=120,
    )
    samples, rate = soundfile.read(io.BytesIO(answer.content), dtype="float32")
    quiet = max(range(0, len(samples), rate), key=lambda i: -abs(samples[i : i + rate]).max())
    for part, pitch_hz in ((samples[:quiet], ADA_HZ), (samples[quiet:], OTTO_HZ)):
        assert median_pitch_hz(part, rate) == pytest.approx(pitch_hz, rel=THREE_SEMITONES)


def test_tag_without_a_voice_is_named(graph):
    body = {"input": "[S1] Hi. [S3] Hi.", "voices": {"S1": "ada.ogg"}}
    answer = httpx.post(f"{graph}/v1/audio/speech", json=body, timeout=60)
    assert answer.status_code == 400
    assert "[S3]" in answer.json()["error"]["message"]
