import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.echo.codecs.source_filter.analysis import analyse
from engine.echo.codecs.source_filter.below_pitch import filled
from engine.echo.codecs.source_filter.features import (
    BAND_HZ,
    COSINES,
    NUM_CEPSTRA,
    PITCH,
    PITCH_UNIT_HZ,
    RATE_HZ,
    SILENCE,
    VOICING,
)


def vowel(pitch_hz, gap=0.0, num=3):
    """Sub-frames of a falling spectrum, `gap` lower below its pitch."""
    log_power = -3.0 - 0.5 * np.log2(BAND_HZ / 100) - gap * np.less(BAND_HZ, 0.8 * pitch_hz)
    features = np.tile(SILENCE, (num, 1))
    features[:, :NUM_CEPSTRA] = log_power @ COSINES.T
    features[:, PITCH], features[:, VOICING] = np.log2(pitch_hz / PITCH_UNIT_HZ), 0.9
    return features


def bands(features):
    return features[:, :NUM_CEPSTRA] @ COSINES


@pytest.mark.parametrize("pitch_hz", [220, 270, 320])
def test_a_voice_goes_on_below_its_pitch(pitch_hz):
    pulses = 0.1 * np.diff(np.floor(np.arange(RATE_HZ) * pitch_hz / RATE_HZ), prepend=0)
    heard = analyse(pulses - pulses.mean(), 60)[10:]  # as strong at every multiple of their pitch
    before, after = (
        bands(x)[:, :3].mean() - bands(x)[:, 13].mean() for x in (heard, filled(heard))
    )
    assert before < -2.5
    assert -2.0 < after < 0


def test_the_spectrum_above_the_pitch_stays():
    gapped = vowel(200, gap=8.0)
    above = BAND_HZ > 500
    change = bands(filled(gapped)) - bands(gapped)
    assert np.abs(change[:, above]).max() < 0.15 * np.abs(change).max()


@settings(deadline=None, max_examples=30)
@given(st.floats(-1.3, 1.7), st.floats(0.0, 1.0), st.integers(0, 5))
def test_pitch_and_voicing_stay_and_what_has_no_pitch_does(pitch, voicing, num):
    features = vowel(200, num=num)
    features[:, PITCH], features[:, VOICING] = pitch, voicing
    made = filled(features)
    np.testing.assert_array_equal(made[:, NUM_CEPSTRA:], features[:, NUM_CEPSTRA:])
    assert np.isfinite(made).all()
    if voicing <= 0.5:
        np.testing.assert_array_equal(made, features)
