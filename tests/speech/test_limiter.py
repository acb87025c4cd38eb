import av
import numpy as np
import pytest
from av.filter import Graph
from hypothesis import example, given, settings
from hypothesis import strategies as st

from speech.limiter import TRUE_PEAK_DB, Limiter, limit, true_peak_db

RATE = 44100
RATES = (8000, 24000, 44100, 48000)
SIZE = 12_000


def measured_peak_db(pcm, sample_rate=RATE):
    """The true peak by FFmpeg's `ebur128`, of audio that begins and ends in silence."""
    graph = Graph()
    graph.link_nodes(
        graph.add_abuffer(sample_rate=sample_rate, format="flt", layout="mono"),
        graph.add("ebur128", "metadata=1:framelog=quiet:peak=true"),
        graph.add("abuffersink"),
    ).configure()
    frame = av.AudioFrame.from_ndarray(np.pad(pcm, sample_rate)[np.newaxis], "flt", "mono")
    frame.sample_rate = sample_rate
    graph.push(frame)
    graph.push(None)
    told = {}
    while True:
        try:
            told = graph.pull().metadata or told
        except av.error.EOFError:
            return 20 * np.log10(max(1e-9, float(told["lavfi.r128.true_peak"])))


def noise(seed, size=SIZE):
    return np.random.default_rng(seed).standard_normal(size)


t = np.arange(SIZE) / RATE
SIGNALS = {
    "noise": noise(0),
    "a square wave": np.sign(np.sin(2 * np.pi * 137 * t)),
    "peaks between the samples": np.sin(2 * np.pi * 11025 * t + np.pi / 4),
    "the highest frequency": np.where(np.arange(SIZE) % 2, 1.0, -1.0),
    "a high tone": np.sin(2 * np.pi * 19_900 * t) * np.sin(2 * np.pi * 7 * t),
    "impulses": np.where(np.arange(SIZE) % 3001 == 0, 1.0, 0.0),
    "bursts": noise(1) * ((np.arange(SIZE) // 1500) % 2),
    "random signs": np.sign(noise(2)),
}


@st.composite
def audio(draw):
    """Audio of any shape, up to 30 dB above full scale."""
    size = draw(st.integers(0, 6000))
    pcm = noise(draw(st.integers(0, 2**32)), size)
    if draw(st.booleans()):
        pcm = np.sign(pcm)
    if draw(st.booleans()):
        pcm = np.cumsum(pcm) / 30
    pcm *= np.repeat(noise(draw(st.integers(0, 99)), size // 500 + 1), 500)[:size]
    return (pcm * 10 ** (draw(st.floats(-40, 30)) / 20)).astype(np.float32)


@pytest.mark.parametrize("gain_db", [0, 12, 30])
@pytest.mark.parametrize("name", SIGNALS)
def test_no_signal_has_a_true_peak_above_the_ceiling(name, gain_db):
    pcm = (SIGNALS[name] * 10 ** (gain_db / 20)).astype(np.float32)
    limited = limit(pcm, RATE)
    assert len(limited) == len(pcm)
    assert measured_peak_db(limited) <= TRUE_PEAK_DB


@settings(max_examples=40)
@example(pcm=noise(22, 6000).astype(np.float32), sample_rate=8000, ceiling_db=0.0)
@given(pcm=audio(), sample_rate=st.sampled_from(RATES), ceiling_db=st.floats(-12, 0))
def test_no_audio_has_a_true_peak_above_the_ceiling(pcm, sample_rate, ceiling_db):
    assert measured_peak_db(limit(pcm, sample_rate, ceiling_db), sample_rate) <= ceiling_db


@settings(max_examples=40)
@given(
    pcm=audio(),
    sizes=st.lists(st.integers(0, 3000), max_size=8),
    sample_rate=st.sampled_from(RATES),
)
def test_pieces_of_any_size_give_the_same_samples(pcm, sizes, sample_rate):
    limiter = Limiter(sample_rate)
    pieces = [limiter.process(piece) for piece in np.split(pcm, np.cumsum(sizes, dtype=int))]
    whole = limit(pcm, sample_rate)
    assert np.array_equal(np.concatenate([*pieces, limiter.finish()]), whole)
    assert len(whole) == len(pcm)


@given(pcm=audio())
def test_audio_below_the_ceiling_is_untouched(pcm):
    quiet = pcm * np.float32(min(1.0, 10 ** ((TRUE_PEAK_DB - 0.5 - true_peak_db(pcm, RATE)) / 20)))
    assert np.array_equal(limit(quiet, RATE), quiet)


def test_what_is_given_out_lags_by_little():
    given_out = Limiter(RATE).process(np.zeros(RATE, np.float32))
    assert RATE - len(given_out) < 0.03 * RATE


def test_only_the_surroundings_of_a_peak_become_quieter():
    pcm = (0.2 * np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE)).astype(np.float32)
    pcm[RATE // 2] = 2.0
    changed = np.flatnonzero(limit(pcm, RATE) != pcm) / RATE
    assert 0.494 < changed.min() < 0.5 < changed.max() < 0.9


def test_a_peak_comes_down_to_the_ceiling_and_what_follows_comes_back_slowly():
    pcm = np.full(RATE, 0.2, np.float32)
    pcm[RATE // 2] = 2.0
    limited = limit(pcm, RATE)
    gain_db = 20 * np.log10(limited / pcm)[RATE // 2 :]
    assert 20 * np.log10(limited.max()) == pytest.approx(TRUE_PEAK_DB, abs=0.4)
    assert gain_db[round(0.03 * RATE)] == pytest.approx(gain_db[0] / np.e, abs=0.3)


def test_the_true_peak_lies_between_samples():
    tone = np.sin(2 * np.pi * RATE / 4 * np.arange(4000) / RATE + np.pi / 4)
    middle = (tone * np.hanning(4000)).astype(np.float32)
    assert 20 * np.log10(np.abs(middle).max()) == pytest.approx(-3.01, abs=0.05)
    assert true_peak_db(middle, RATE) == pytest.approx(0, abs=0.1)
    assert true_peak_db(middle / 10, RATE) == pytest.approx(-20, abs=0.1)
