from pathlib import Path

import av
import numpy as np
import pytest
from av.filter import Graph

from serve_app.voice_check.measurement import measure_voice
from speech.pcm import SAMPLE_RATE_HZ
from speech.reference_audio import decode_reference

VOICES = Path(__file__).parents[3] / "voices"


def voice(name):
    with open(VOICES / name, "rb", buffering=0) as file:
        return decode_reference(file)


def ffmpeg_loudness(pcm):
    """Integrated loudness and loudness range by FFmpeg's `ebur128`."""
    graph = Graph()
    graph.link_nodes(
        graph.add_abuffer(sample_rate=SAMPLE_RATE_HZ, format="flt", layout="mono"),
        graph.add("ebur128", "metadata=1"),
        graph.add("abuffersink"),
    ).configure()
    frame = av.AudioFrame.from_ndarray(pcm[np.newaxis], "flt", "mono")
    frame.sample_rate = SAMPLE_RATE_HZ
    graph.push(frame)
    graph.push(None)
    told = {}
    while True:
        try:
            told = graph.pull().metadata or told
        except av.error.EOFError:
            return float(told["lavfi.r128.I"]), float(told["lavfi.r128.LRA"])


@pytest.mark.skipif(not hasattr(av.AudioFrame, "metadata"), reason="PyAV before 18 hides it")
@pytest.mark.parametrize("name", ["ada.ogg", "otto.ogg"])
@pytest.mark.parametrize("second_half", [1.0, 0.5, 0.25, 0.12])
def test_loudness_is_that_of_ffmpeg(name, second_half):
    pcm = voice(name)
    pcm[len(pcm) // 2 :] *= np.float32(second_half)
    measured = measure_voice(pcm)
    lufs, range_lu = ffmpeg_loudness(pcm)
    assert measured.loudness_lufs == pytest.approx(lufs, abs=0.2)
    assert measured.loudness_range_lu == pytest.approx(range_lu, abs=0.5)


def test_loudness_of_the_standards_reference_tone():
    t = np.arange(5 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    measured = measure_voice(np.sin(2 * np.pi * 997 * t).astype(np.float32))
    assert measured.loudness_lufs == pytest.approx(-3.01, abs=0.02)
    assert measured.loudness_range_lu == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(
    ("seconds", "has_loudness", "has_range"),
    [(0.3, False, False), (2, True, False), (4, True, True)],
)
def test_loudness_is_told_of_what_is_long_enough(seconds, has_loudness, has_range):
    measured = measure_voice(voice("ada.ogg")[: int(seconds * SAMPLE_RATE_HZ)])
    assert (measured.loudness_lufs is not None) == has_loudness
    assert (measured.loudness_range_lu is not None) == has_range


def test_loudness_is_not_told_of_silence():
    assert measure_voice(np.full(10 * SAMPLE_RATE_HZ, 1e-5, np.float32)).loudness_lufs is None
