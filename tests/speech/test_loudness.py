import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech.loudness import measure_loudness
from speech.pcm import SAMPLE_RATE_HZ


def tone(seconds, frequency_hz=997, sample_rate=SAMPLE_RATE_HZ):
    t = np.arange(round(seconds * sample_rate)) / sample_rate
    return np.sin(2 * np.pi * frequency_hz * t).astype(np.float32)


@pytest.mark.parametrize("sample_rate", [8000, 24000, 44100, 48000])
def test_loudness_of_the_standards_reference_tone(sample_rate):
    loudness = measure_loudness(tone(5, sample_rate=sample_rate), sample_rate)
    assert loudness.lufs == pytest.approx(-3.01, abs=0.05)
    assert loudness.range_lu == pytest.approx(0, abs=0.02)


@settings(max_examples=20)
@given(gain_db=st.floats(-40, 0), seconds=st.floats(0.4, 6))
def test_loudness_follows_the_level(gain_db, seconds):
    quiet = tone(seconds) * np.float32(10 ** (gain_db / 20))
    assert measure_loudness(quiet).lufs == pytest.approx(-3.01 + gain_db, abs=0.05)


def test_pauses_do_not_count():
    speech = 0.1 * tone(4)
    spaced = np.concatenate((speech, np.zeros(8 * SAMPLE_RATE_HZ, np.float32), speech))
    assert measure_loudness(spaced).lufs == pytest.approx(measure_loudness(speech).lufs, abs=0.3)


@pytest.mark.parametrize(
    ("seconds", "has_loudness", "has_range"),
    [(0, False, False), (0.3, False, False), (0.4, True, False), (2, True, False), (4, True, True)],
)
def test_loudness_is_told_of_what_is_long_enough(seconds, has_loudness, has_range):
    loudness = measure_loudness(tone(seconds))
    assert (loudness.lufs is not None) == has_loudness
    assert (loudness.range_lu is not None) == has_range


def test_loudness_is_not_told_of_silence():
    assert measure_loudness(np.full(10 * SAMPLE_RATE_HZ, 1e-5, np.float32)).lufs is None


def test_the_range_is_that_between_soft_and_loud():
    loud = 0.5 * tone(10)
    loudness = measure_loudness(np.concatenate((loud, loud / 2)))
    assert loudness.range_lu == pytest.approx(6.0, abs=0.5)
