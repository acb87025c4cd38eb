"""The sample voices are what `voices/README.md` and `check-voice` ask of a voice."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from training.pitch import median_pitch_hz

VOICES = Path(__file__).parent.parent / "voices"


@pytest.mark.parametrize(("name", "low_hz", "high_hz"), [("ada", 180, 220), ("otto", 100, 130)])
def test_sample_voice_is_clean_speech_of_its_pitch(name, low_hz, high_hz):
    path = VOICES / f"{name}.ogg"
    samples, rate = soundfile.read(path, dtype="float32")
    loud = np.flatnonzero(np.abs(samples) > 0.01) / rate
    assert path.stat().st_size < 150_000
    assert 8 < len(samples) / rate < 12
    assert 0.3 < np.abs(samples).max() < 0.99
    assert loud[0] < 0.3
    assert loud[-1] > len(samples) / rate - 0.3
    assert low_hz < median_pitch_hz(samples, rate) < high_hz
