import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.pitch import MAX_HZ, MIN_HZ, median_pitch_hz

RATE = 44_100


def pulses(hz, seconds=1.0, rate=RATE):
    phase = np.arange(round(seconds * rate)) * (hz / rate)
    return np.diff(np.floor(phase), prepend=0).astype(np.float32)


def formant(signal, hz, rate=RATE):
    times = np.arange(rate // 100) / rate
    ringing = np.exp(-600 * times) * np.sin(2 * np.pi * hz * times)
    return np.convolve(signal, ringing)[: len(signal)].astype(np.float32)


def noise(seconds=1.0, level=0.1):
    return np.random.default_rng(1).normal(0, level, round(seconds * RATE)).astype(np.float32)


def semitones(measured, expected):
    return abs(12 * np.log2(measured / expected))


@pytest.mark.parametrize("hz", [70, 98.7, 123.4, 150, 217, 280, 350])
def test_pitch_is_found_in_tones_pulses_and_resonances(hz):
    tone = np.sin(2 * np.pi * hz * np.arange(RATE) / RATE).astype(np.float32)
    for signal in (tone, pulses(hz), formant(pulses(hz), 700), formant(pulses(hz), 1200)):
        assert semitones(median_pitch_hz(signal, RATE), hz) < 0.05


@pytest.mark.parametrize("hz", [70, 150, 280, 350])
def test_pitch_is_found_without_its_fundamental_and_under_noise(hz):
    times = np.arange(RATE) / RATE
    overtones = sum(np.sin(2 * np.pi * hz * k * times) for k in range(2, 7)).astype(np.float32)
    assert semitones(median_pitch_hz(overtones, RATE), hz) < 0.05
    assert semitones(median_pitch_hz(overtones / 5 + noise(level=0.05), RATE), hz) < 0.1


@settings(max_examples=30, deadline=None)
@given(
    hz=st.floats(MIN_HZ * 1.02, MAX_HZ * 0.98),
    rate=st.sampled_from([8_000, 16_000, 22_050, 44_100, 48_000]),
)
def test_pitch_of_any_voice_is_found_at_any_sample_rate(hz, rate):
    times = np.arange(rate) / rate
    signal = sum(np.sin(2 * np.pi * hz * k * times) / k for k in range(1, 6))
    assert semitones(median_pitch_hz(signal.astype(np.float32), rate), hz) < 0.1


def test_pitch_is_the_median_over_time():
    glide = 120 * 2 ** np.linspace(-0.5, 0.5, 2 * RATE)
    signal = np.diff(np.floor(np.cumsum(glide / RATE)), prepend=0).astype(np.float32)
    assert semitones(median_pitch_hz(signal, RATE), 120) < 0.2


def test_pitch_ignores_pauses_level_and_offset():
    speech = np.concatenate([noise(2, 1e-3), formant(pulses(140), 700), np.zeros(RATE, np.float32)])
    for signal in (speech, 0.01 * speech, 0.3 * speech + 0.2):
        assert semitones(median_pitch_hz(signal.astype(np.float32), RATE), 140) < 0.1


UNVOICED = {
    "empty": np.zeros(0),
    "tiny": np.zeros(100),
    "silence": np.zeros(RATE),
    "offset": np.full(RATE, 0.5),
    "noise": noise(),
    "long noise": noise(10),
    "one frame": pulses(90, 0.08),
}


@pytest.mark.parametrize("signal", UNVOICED.values(), ids=UNVOICED.keys())
def test_pitch_is_none_where_nothing_is_voiced(signal):
    assert median_pitch_hz(signal.astype(np.float32), RATE) is None


def test_pitch_of_five_minutes_takes_all_of_it_into_account():
    signal = np.zeros(300 * RATE, np.float32)
    signal[-60 * RATE :] = pulses(180, 60)
    signal.flags.writeable = False
    assert semitones(median_pitch_hz(signal, RATE), 180) < 0.05
