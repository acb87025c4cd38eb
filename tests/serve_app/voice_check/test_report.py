import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from serve_app.voice_check.report import report_voice
from speech.pcm import SAMPLE_RATE_HZ
from speech.reference_audio import decode_reference
from tests.speech.audio_files import encode, two_tracks

VOICES = Path(__file__).parents[3] / "voices"


def voice(name):
    with open(VOICES / name, "rb", buffering=0) as file:
        return decode_reference(file)


ADA = voice("ada.ogg")
CHANCE = np.random.default_rng(0)


def report(pcm, rate_hz=SAMPLE_RATE_HZ, max_used_s=297.0):
    file = io.BytesIO()
    soundfile.write(file, pcm, rate_hz, format="WAV")
    file.seek(0)
    return report_voice(file, max_used_s)


def warned(pcm, **options):
    """The warnings' first words."""
    return [warning.partition(":")[0] for warning in report(pcm, **options).warnings]


def silence(seconds):
    return np.zeros(int(seconds * SAMPLE_RATE_HZ), np.float32)


@pytest.mark.parametrize("name", ["ada.ogg", "otto.ogg"])
def test_report_finds_the_sample_voices_good(name):
    with open(VOICES / name, "rb", buffering=0) as file:
        found = report_voice(file)
    assert (found.verdict, found.unusable, found.warnings) == ("good", None, ())
    assert found.source.codec == "opus"
    assert found.used_s == found.measured.duration_s


@pytest.mark.parametrize(
    ("pcm", "expected"),
    [
        (ADA, []),
        (np.clip(3 * ADA, -1, 1), ["clipped"]),
        (ADA + 0.05 * CHANCE.standard_normal(len(ADA)), ["noisy"]),
        (0.03 * ADA, ["quiet"]),
        (np.concatenate([ADA, 0.2 * ADA]), ["uneven"]),
        (ADA[: 5 * SAMPLE_RATE_HZ], ["short"]),
        (np.tile(ADA, 6), ["long"]),
        (np.concatenate([silence(2), ADA]), ["pause"]),
        (np.concatenate([ADA, silence(2)]), ["pause"]),
        (np.concatenate([ADA, silence(3), ADA]), ["pause"]),
        (np.concatenate([ADA, silence(9)]), ["sparse", "pause"]),
        (np.concatenate([silence(9), ADA]), ["silence"]),
        (0.1 * CHANCE.standard_normal(len(ADA)), ["no speech stands out from the background"]),
    ],
    ids=str,
)
def test_report_warns_of_one_thing_each(pcm, expected):
    assert warned(pcm) == expected


def test_report_warns_of_a_telephones_sound():
    assert warned(soxr.resample(ADA, SAMPLE_RATE_HZ, 8000), rate_hz=8000) == ["dull"]


@pytest.mark.slow
def test_report_tells_what_is_cut_and_how_long_the_file_is():
    found = report(ADA, max_used_s=10.5)
    assert found.used_s == 10.5
    assert found.warnings == ("cut: only the first 10.5 s of 10.8 s are used",)
    endless = report(np.tile(soxr.resample(ADA, SAMPLE_RATE_HZ, 8_000), 30), rate_hz=8_000)
    assert endless.used_s == 297
    assert "cut: only the first 297.0 s of 323.5 s are used" in endless.warnings


def test_report_rounds_away_from_the_limit_that_it_names():
    noisy = report(ADA + 0.022 * np.random.default_rng(0).standard_normal(len(ADA)))
    assert noisy.measured.snr_db == pytest.approx(19.65, abs=0.1)
    assert noisy.warnings == ("noisy: speech is 19 dB above the background, aim at 20 dB",)
    uneven = report(np.concatenate([ADA, 0.35 * ADA]))
    assert uneven.measured.loudness_range_lu == pytest.approx(10.2, abs=0.1)
    assert uneven.warnings == ("uneven: the loudness varies by 11 LU, stay below 10 LU",)


def test_report_tells_what_reading_left_out():
    late = report(np.concatenate([silence(60), ADA]))
    assert late.warnings == ("silence: the first 59.6 s are silent and left out",)
    assert late.measured.duration_s == pytest.approx(60 - 59.6 + len(ADA) / SAMPLE_RATE_HZ, abs=0.1)
    antiphase = report(np.stack([-0.8 * ADA, ADA], axis=1))
    assert antiphase.warnings == ("channels: they cancel each other, only channel 2 is used",)
    assert antiphase.source.num_channels == 2


def test_report_tells_that_parts_were_joined():
    parts = [encode("ogg", "flac", ADA[np.newaxis], rate_hz) for rate_hz in (44_100, 32_000)]
    found = report_voice(io.BytesIO(b"".join(parts)))
    assert "joined: 2 parts of different rate or channels, all are used" in found.warnings


def test_report_tells_which_track_is_used():
    silent, voice = np.zeros((1, len(ADA)), np.float32), ADA[np.newaxis]
    found = report_voice(io.BytesIO(two_tracks(silent, voice)))
    assert found.warnings[0] == "tracks: only track 2 is used, the first with audible audio"


@pytest.mark.parametrize(
    ("pcm", "reason"),
    [
        (silence(12), "no audible audio"),
        (ADA[:44_099], "only 0.99 s of audio, at least 1 s are needed"),
        (ADA[:20_000], "only 0.45 s of audio, at least 1 s are needed"),
        (ADA[:0], "no audio in it could be decoded"),
    ],
    ids=["silent", "nearly a second", "short", "empty"],
)
def test_report_says_why_a_file_is_unusable(pcm, reason):
    found = report(pcm)
    assert (found.verdict, found.unusable) == ("unusable", reason)
    assert found.source.sample_rate_hz == SAMPLE_RATE_HZ


def test_report_of_what_is_no_audio():
    found = report_voice(io.BytesIO(b"not audio at all" * 100))
    assert (found.source, found.measured, found.verdict) == (None, None, "unusable")
    assert found.unusable == "not an audio file that can be read"
