from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech.levelling import Leveller
from speech.limiter import limit, true_peak_db
from speech.loudness import measure_loudness
from speech.pcm import SAMPLE_RATE_HZ
from speech.tempo import Tempo

PEAK_DB = -1.0
VOICE = "ada.ogg"


def speech(seconds=2.0, seed=0, level_db=0.0):
    """Syllables of a voice, each of a level of its own, with pauses between words."""
    return (10 ** (level_db / 20) * syllables(seconds, seed)).astype(np.float32)


@cache
def syllables(seconds, seed):
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    pitch_hz = rng.uniform(90, 220)
    harmonics = range(1, int(4000 / pitch_hz))
    voice = sum(np.sin(2 * np.pi * pitch_hz * k * t + k * k) / k for k in harmonics)
    levels = rng.uniform(0.6, 1.0, int(seconds * 4) + 1) * (rng.random(int(seconds * 4) + 1) > 0.1)
    envelope = np.repeat(levels, SAMPLE_RATE_HZ // 4)[: len(t)] * np.sin(4 * np.pi * t) ** 2
    return 0.1 * voice * envelope


def lufs(pcm):
    return measure_loudness(pcm).lufs


def level(chunks, loudness=None, voices=None, *, stream=False, block_samples=10**9, speed=1.0):
    """Return the levelled chunks, in the blocks that they came in."""
    leveller = Leveller(loudness, PEAK_DB, stream=stream, speed=speed)
    levelled = []
    for index, pcm in enumerate(chunks):
        chunk = leveller.chunk(voices[index] if voices else VOICE)
        blocks = np.split(pcm, range(block_samples, len(pcm), block_samples))
        ready = [block for part in blocks for block in chunk.feed(part)] + chunk.end()
        assert [len(block) for block in ready] == [len(block) for block in blocks]
        levelled.append(np.concatenate(ready))
    return levelled


@settings(max_examples=8)
@given(levels=st.lists(st.floats(-9, 9), min_size=1, max_size=3), stream=st.booleans())
def test_chunks_of_one_voice_are_as_loud_as_its_first(levels, stream):
    chunks = [speech(seed=seed, level_db=each) for seed, each in enumerate([0.0, *levels])]
    levelled = level(chunks, stream=stream, block_samples=30_000)
    assert np.array_equal(levelled[0], chunks[0])
    for chunk in levelled[1:]:
        assert lufs(chunk) == pytest.approx(lufs(chunks[0]), abs=0.1)


def test_each_voice_has_its_own_loudness():
    chunks = [speech(seed=seed, level_db=each) for seed, each in enumerate((0, -9, -3, -6))]
    levelled = level(chunks, voices=["a", None, "a", None])
    assert np.array_equal(levelled[1], chunks[1])
    assert lufs(levelled[2]) == pytest.approx(lufs(chunks[0]), abs=0.1)
    assert lufs(levelled[3]) == pytest.approx(lufs(chunks[1]), abs=0.1)


def test_chunk_that_is_turned_up_has_no_higher_peaks_than_it_had():
    quiet = speech(seed=1, level_db=-6)
    quiet[40_000] = 0.97
    levelled = level([speech(), quiet])[1]
    assert lufs(levelled) == pytest.approx(lufs(speech()), abs=0.1)
    assert true_peak_db(levelled, SAMPLE_RATE_HZ) <= true_peak_db(quiet, SAMPLE_RATE_HZ)


@pytest.mark.parametrize("stream", [False, True])
def test_silence_stays_silent_and_tells_nobody_how_loud_to_be(stream):
    silence = np.zeros(SAMPLE_RATE_HZ, np.float32)
    chunks = [silence, speech(), silence, speech(seed=1, level_db=-5), np.empty(0, np.float32)]
    levelled = level(chunks, stream=stream)
    for chunk, as_it_was in zip(levelled[:3], chunks, strict=False):
        assert np.array_equal(chunk, as_it_was)
    assert lufs(levelled[3]) == pytest.approx(lufs(chunks[1]), abs=0.1)


@pytest.mark.parametrize("loudness", [None, -16.0])
@pytest.mark.parametrize("stream", [False, True])
def test_noise_of_a_silent_chunk_is_silence_too(loudness, stream):
    noise = np.random.default_rng(0).uniform(-9e-4, 9e-4, SAMPLE_RATE_HZ).astype(np.float32)
    chunks = [noise, speech(), noise, speech(seed=1, level_db=-5)]
    levelled = level(chunks, loudness, stream=stream, block_samples=20_000)
    assert np.array_equal(levelled[0], noise)
    assert np.array_equal(levelled[2], noise)
    expected = lufs(speech()) if loudness is None else loudness
    for chunk in (levelled[1], levelled[3]):
        assert lufs(limit(chunk, SAMPLE_RATE_HZ)) == pytest.approx(expected, abs=0.2)


@pytest.mark.parametrize("noise", [9e-4, 4e-3])
@pytest.mark.parametrize("silent_s", [0.5, 1.36, 1.46, 1.6])
def test_stream_that_begins_late_does_not_begin_with_a_blast(silent_s, noise):
    lead = np.random.default_rng(0).uniform(-noise, noise, round(silent_s * SAMPLE_RATE_HZ))
    begins_late = np.append(lead, speech(3, 2)).astype(np.float32)
    (levelled,) = level([begins_late], -20.0, stream=True, block_samples=65_536)
    spoken = levelled[len(lead) :]
    assert lufs(limit(spoken, SAMPLE_RATE_HZ)) == pytest.approx(-20, abs=1.0)
    assert np.abs(spoken).max() < 2


@settings(max_examples=8)
@given(
    seed=st.integers(0, 1000),
    level_db=st.floats(-30, 6),
    loudness=st.floats(-36, -16),
    stream=st.booleans(),
)
def test_speech_has_the_loudness_that_was_asked_for(seed, level_db, loudness, stream):
    chunk = speech(3, seed, level_db)
    (levelled,) = level([chunk], loudness, stream=stream, block_samples=65_536)
    limited = limit(levelled, SAMPLE_RATE_HZ)
    assert lufs(limited) == pytest.approx(loudness, abs=0.5)
    assert true_peak_db(limited, SAMPLE_RATE_HZ) <= PEAK_DB


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("speed", [0.25, 0.7, 2.5, 4])
def test_loudness_is_that_at_the_speed_that_is_heard(speed, stream):
    (levelled,) = level([speech(4)], -20.0, stream=stream, block_samples=65_536, speed=speed)
    tempo = Tempo(speed, SAMPLE_RATE_HZ)
    heard = np.concatenate((tempo.process(levelled), tempo.finish()))
    assert lufs(heard) == pytest.approx(-20, abs=0.3)


def test_long_speech_in_blocks_has_the_loudness_of_whole_speech():
    chunks = [speech(4, seed, -3.0 * seed) for seed in range(4)]
    for stream in (False, True):
        joined = np.concatenate(level(chunks, -20.0, stream=stream, block_samples=65_536))
        assert lufs(joined) == pytest.approx(-20, abs=0.4)


@given(loudness=st.sampled_from([None, -20.0]), sizes=st.lists(st.integers(1, 60_000), max_size=5))
@settings(max_examples=6)
def test_chunks_after_the_first_do_not_depend_on_their_blocks(loudness, sizes):
    chunks = [speech(seed=1), speech(seed=2, level_db=-4)]
    whole = level(chunks, loudness, stream=True)[1]
    leveller = Leveller(loudness, PEAK_DB, stream=True)
    first = leveller.chunk(VOICE)
    first.feed(chunks[0])
    first.end()
    second = leveller.chunk(VOICE)
    ready = []
    for block in np.split(chunks[1], np.cumsum(sizes)):
        ready += second.feed(block)
    assert not ready
    assert np.array_equal(np.concatenate(second.end()), whole)


def test_first_chunk_of_a_stream_is_not_held():
    for loudness in (None, -16.0):
        chunk = Leveller(loudness, PEAK_DB, stream=True).chunk(VOICE)
        (block,) = chunk.feed(speech())
        assert len(block) == len(speech())


def test_gain_changes_slowly_and_by_little_while_a_chunk_plays():
    tone = np.cos(np.arange(2 * SAMPLE_RATE_HZ) / 30).astype(np.float32)
    chunk = Leveller(-20.0, PEAK_DB, stream=True).chunk(VOICE)
    (loud,), (soft,) = chunk.feed(0.1 * tone), chunk.feed(0.025 * tone)
    clear = np.abs(tone) > 0.5
    gains_db = 20 * np.log10(
        np.concatenate((loud[clear] / (0.1 * tone[clear]), soft[clear] / (0.025 * tone[clear])))
    )
    assert np.abs(np.diff(gains_db)).max() < 0.1
    assert 1 < np.ptp(gains_db) < 8
