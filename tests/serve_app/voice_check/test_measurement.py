import io
from pathlib import Path

import numpy as np
import pytest
import soxr
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from serve_app.voice_check.measurement import SILENCE_DBFS, count_clipped, measure_voice
from speech.encoding import Encoder
from speech.formats import FORMATS
from speech.pcm import SAMPLE_RATE_HZ
from speech.reference_audio import decode_reference
from tests.conftest import voiced

VOICES = Path(__file__).parents[3] / "voices"
FRAME_S = 1024 / SAMPLE_RATE_HZ


def voice(name):
    with open(VOICES / name, "rb", buffering=0) as file:
        return decode_reference(file)


ADA, OTTO = voice("ada.ogg"), voice("otto.ogg")
both_voices = pytest.mark.parametrize("pcm", [ADA, OTTO], ids=["ada", "otto"])


def white_noise(num_samples, seed=0):
    return np.random.default_rng(seed).standard_normal(num_samples).astype(np.float32)


def noisy(pcm, snr_db):
    level = np.sqrt(np.mean(pcm**2)) * 10 ** (-snr_db / 20)
    return pcm + np.float32(level) * white_noise(len(pcm))


def clipped(pcm, gain):
    return np.clip(pcm / np.abs(pcm).max() * np.float32(gain), -1, 1)


def silence(seconds):
    return np.zeros(int(seconds * SAMPLE_RATE_HZ), np.float32)


@both_voices
def test_measurement_of_a_clean_recording(pcm):
    measured = measure_voice(pcm)
    assert measured.duration_s == len(pcm) / SAMPLE_RATE_HZ
    assert measured.peak_dbfs == pytest.approx(20 * np.log10(np.abs(pcm).max()), abs=1e-3)
    assert measured.num_clipped == 0
    assert measured.speech_ratio > 0.85
    assert measured.snr_db > 40
    assert 6000 < measured.bandwidth_hz < 10_000  # spoken at 16 kHz


@both_voices
@settings(max_examples=10)
@given(gain_db=st.floats(-20, 0))
def test_measurement_of_a_quieter_recording_differs_in_levels_only(pcm, gain_db):
    loud, quiet = measure_voice(pcm), measure_voice(pcm * np.float32(10 ** (gain_db / 20)))
    assert quiet.speech_dbfs == pytest.approx(loud.speech_dbfs + gain_db, abs=0.1)
    assert quiet.peak_dbfs == pytest.approx(loud.peak_dbfs + gain_db, abs=0.1)
    assert quiet.loudness_lufs == pytest.approx(loud.loudness_lufs + gain_db, abs=0.1)
    assert quiet.loudness_range_lu == pytest.approx(loud.loudness_range_lu, abs=0.1)
    assert quiet.speech_s == pytest.approx(loud.speech_s, abs=0.3)
    assert quiet.num_clipped == loud.num_clipped


@settings(max_examples=15)
@given(lead_s=st.floats(0, 5), tail_s=st.floats(0, 5))
def test_measurement_finds_the_silence_around_speech(lead_s, tail_s):
    bare = measure_voice(ADA)
    padded = measure_voice(np.concatenate([silence(lead_s), ADA, silence(tail_s)]))
    assert padded.lead_s == pytest.approx(bare.lead_s + lead_s, abs=3 * FRAME_S)
    assert padded.tail_s == pytest.approx(bare.tail_s + tail_s, abs=3 * FRAME_S)
    assert padded.speech_s == pytest.approx(bare.speech_s, abs=0.3)


def test_measurement_finds_the_longest_pause():
    measured = measure_voice(np.concatenate([ADA, silence(3), OTTO]))
    ends = measure_voice(ADA).tail_s + measure_voice(OTTO).lead_s
    assert measured.longest_pause_s == pytest.approx(3 + ends, abs=4 * FRAME_S)


@both_voices
@pytest.mark.parametrize("snr_db", [35, 25, 15, 8])
def test_measurement_estimates_the_signal_to_noise_ratio(pcm, snr_db):
    measured = measure_voice(noisy(pcm, snr_db))
    assert measured.snr_db == pytest.approx(snr_db, abs=2.5)
    assert measured.speech_ratio > 0.75


@pytest.mark.parametrize(
    "pcm",
    [
        0.1 * white_noise(10 * SAMPLE_RATE_HZ),
        voiced(120, 10),
        np.concatenate([silence(1), np.ones(5, np.float32), silence(1)]),
    ],
    ids=["noise", "tone", "click"],
)
def test_measurement_finds_no_speech_in_what_does_not_vary_like_speech(pcm):
    measured = measure_voice(pcm)
    assert measured.speech_s == 0
    assert measured.speech_dbfs is measured.snr_db is None
    assert measured.lead_s == measured.tail_s == measured.duration_s


@both_voices
@pytest.mark.parametrize("rate_hz", [16_000, 44_100, 48_000])
@pytest.mark.parametrize("gain", [1.5, 2, 4])
def test_clipping_is_seen_at_any_level_and_after_resampling(pcm, gain, rate_hz):
    stored = clipped(soxr.resample(pcm, SAMPLE_RATE_HZ, rate_hz), gain)
    decoded = soxr.resample(stored, rate_hz, SAMPLE_RATE_HZ)
    assert count_clipped(np.float32(0.3) * decoded) > 10


@both_voices
@pytest.mark.parametrize("name", ["opus", "mp3", "aac"])
def test_clipping_is_seen_after_lossy_coding(pcm, name):
    row = FORMATS[name]

    def coded(pcm):
        encoder = Encoder(row, SAMPLE_RATE_HZ, row.default_sample_rate, whole=True)
        return decode_reference(io.BytesIO(encoder.encode(pcm) + encoder.finish()))

    assert count_clipped(coded(pcm)) < 3
    assert count_clipped(coded(clipped(pcm, 3))) > 100


@settings(max_examples=100)
@given(st.floats(40, 1000), st.floats(0.01, 1), st.floats(0, 1), st.integers(1, SAMPLE_RATE_HZ))
@example(873.83984375, 1.0, 0.0, SAMPLE_RATE_HZ)  # ends right after the top of a peak
def test_clipping_is_not_seen_in_smooth_peaks(pitch_hz, amplitude, start, num_samples):
    cycles = start + pitch_hz * np.arange(num_samples) / SAMPLE_RATE_HZ
    assert count_clipped((amplitude * np.sin(2 * np.pi * cycles)).astype(np.float32)) == 0


@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
def test_bandwidth_is_what_the_files_rate_left(rate_hz):
    narrow = soxr.resample(noisy(ADA, 30), SAMPLE_RATE_HZ, rate_hz)
    measured = measure_voice(soxr.resample(narrow, rate_hz, SAMPLE_RATE_HZ))
    assert measured.bandwidth_hz == pytest.approx(rate_hz / 2, rel=0.1)


@settings(max_examples=50)
@given(arrays(np.float32, st.integers(1, 5000), elements=st.floats(-1, 1, width=32)))
def test_measurement_stays_within_bounds_whatever_the_audio(pcm):
    measured = measure_voice(pcm)
    assert 0 <= measured.speech_ratio <= 1
    assert SILENCE_DBFS <= measured.noise_dbfs <= 10
    assert SILENCE_DBFS - 0.01 <= measured.peak_dbfs <= 0.01
    assert 0 <= measured.bandwidth_hz <= SAMPLE_RATE_HZ / 2
    for pause_s in (measured.lead_s, measured.tail_s, measured.longest_pause_s):
        assert 0 <= pause_s <= measured.duration_s + FRAME_S
