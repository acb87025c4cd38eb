import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech.leading_silence import KEPT_S, MIN_SKIPPED_S, find_start
from speech.pcm import SAMPLE_RATE_HZ
from tests.conftest import voiced

VOICE = voiced(120, 3)


def silence(seconds, noise_db=None):
    num_samples = round(seconds * SAMPLE_RATE_HZ)
    if noise_db is None:
        return np.zeros(num_samples, np.float32)
    level = np.sqrt(np.mean(VOICE**2)) * 10 ** (noise_db / 20)
    return (level * np.random.default_rng(0).standard_normal(num_samples)).astype(np.float32)


@pytest.mark.parametrize("noise_db", [None, -60, -40])
@pytest.mark.parametrize("seconds", [6, 60, 290])
def test_long_silence_is_skipped_but_for_its_end(seconds, noise_db):
    pcm = np.concatenate([silence(seconds, noise_db), VOICE])
    assert find_start(pcm) / SAMPLE_RATE_HZ == pytest.approx(seconds - KEPT_S, abs=0.03)


@pytest.mark.parametrize("offset", [0.01, -0.3])
def test_offset_of_the_recording_is_silent(offset):
    pcm = np.concatenate([silence(6, -60), VOICE]) + np.float32(offset)
    assert find_start(pcm) / SAMPLE_RATE_HZ == pytest.approx(6 - KEPT_S, abs=0.03)


@settings(max_examples=20)
@given(st.floats(0, MIN_SKIPPED_S - 0.1), st.floats(1e-3, 1))
def test_shorter_silence_stays(seconds, level):
    assert find_start(level * np.concatenate([silence(seconds), VOICE])) == 0


def test_click_is_no_voice():
    pcm = np.concatenate([silence(30), VOICE])
    pcm[SAMPLE_RATE_HZ * 5 : SAMPLE_RATE_HZ * 5 + 1000] = 1
    assert find_start(pcm) / SAMPLE_RATE_HZ == pytest.approx(30 - KEPT_S, abs=0.03)


def test_noise_as_loud_as_a_whisper_is_not_taken_for_silence():
    assert find_start(np.concatenate([silence(30, -20), VOICE])) == 0


def test_silence_after_the_voice_stays():
    assert find_start(np.concatenate([VOICE, silence(60), VOICE])) == 0


@pytest.mark.parametrize("num_samples", [0, 1, 881, 882, 5000])
def test_short_or_silent_audio_has_nothing_to_skip(num_samples):
    assert find_start(np.zeros(num_samples, np.float32)) == 0
    assert find_start(np.ones(num_samples, np.float32)) == 0
