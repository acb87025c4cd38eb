"""A request that names no voice has one all the same, whichever samplers speak it."""

import math

import httpx
import numpy as np
import pytest

from speech.pcm import SAMPLE_RATE_HZ
from tests.graph.conftest import num_running, wait_until
from training.pitch import median_pitch_hz

pytestmark = pytest.mark.ray

SENTENCES = (
    "The harbour was quiet when the last ferry came in from the islands.",
    "Nobody spoke on the way up the hill, and the lamps went on one after the other.",
    "She put the kettle on the stove and looked out over the grey water.",
    "When the clock struck nine, somebody knocked at the door.",
    "The old man climbed the narrow stairs, trimmed the wick, and waited.",
    "Far out a horn sounded twice, and then there was nothing but the rain.",
)
PAUSE_S = 2
SPEECH = {
    "input": f" [pause:{PAUSE_S}s] ".join(SENTENCES),
    "response_format": "pcm",
    "sample_rate": SAMPLE_RATE_HZ,
    "seed": 3,
}
MAX_SEMITONES = 2.5
"""Chunks without a common reference lie 9 to 18 apart; with one, 0.9 to 1.8 (decision 0018)."""


@pytest.fixture
def url(pair):
    """The URL of a graph whose two samplers are there."""
    wait_until(lambda: num_running("pair", "Sampler") == 2)
    return pair[0]


def speak(url):
    answer = httpx.post(f"{url}/v1/audio/speech", json=SPEECH, timeout=120)
    assert answer.status_code == 200, answer.text
    return np.frombuffer(answer.content, np.int16).astype(np.float32) / 2**15


def sentences_of(pcm):
    """Return the parts of `pcm` between the pauses asked for."""
    step = SAMPLE_RATE_HZ // 10
    blocks = pcm[: len(pcm) // step * step].reshape(-1, step)
    is_quiet = np.abs(blocks).max(axis=1) < 0.01
    parts, current, num_quiet = [], [], 0
    for block, quiet in zip(blocks, is_quiet, strict=True):
        num_quiet = num_quiet + 1 if quiet else 0
        if num_quiet == round(PAUSE_S * 10 * 0.75) and current:
            parts.append(np.concatenate(current))
            current = []
        if not quiet:
            current.append(block)
    return [*parts, np.concatenate(current)] if current else parts


def test_text_without_a_voice_is_one_speaker_and_the_same_again(url):
    pcm = speak(url)
    pitches = [median_pitch_hz(part, SAMPLE_RATE_HZ) for part in sentences_of(pcm)]
    assert len(pitches) == len(SENTENCES)
    assert 12 * math.log2(max(pitches) / min(pitches)) < MAX_SEMITONES, pitches
    assert np.array_equal(speak(url), pcm)
