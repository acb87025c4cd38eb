from __future__ import annotations

import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from speech.joining import MAX_HELD_S, Joiner
from speech.pcm import PCM
from speech.timestamps import TimedWord
from tests.cpu_time import takes_less

PAUSE_S = 0.25
RATE = 8000
BLOCK_SAMPLES = 40  # silence is told from speech in steps of 5 ms
OPTIONS = [(False, False), (False, True), (True, False), (True, True)]


def samples(duration_s: float) -> int:
    return round(duration_s * RATE)


def speech(duration_s: float = 0.3, seed: int = 0) -> PCM:
    """A voiced sound with an abrupt onset and a faint noise on it."""
    t = np.arange(samples(duration_s)) / RATE
    noise = np.random.default_rng(seed).normal(0, 0.01, len(t))
    return (0.5 * np.cos(2 * np.pi * 150 * t) + noise).astype(np.float32)


def hush(duration_s: float, seed: int = 0) -> PCM:
    """Faint room noise."""
    return np.random.default_rng(seed).normal(0, 2e-4, samples(duration_s)).astype(np.float32)


def spoken(lead_s: float, tail_s: float, seed: int = 0) -> PCM:
    return np.concatenate((hush(lead_s, seed), speech(seed=seed), hush(tail_s, seed)))


def join(
    chunks: Sequence[PCM],
    *,
    crossfade: bool,
    normalize: bool,
    piece_samples: int = 10**9,
    voices: str = "a",
) -> PCM:
    """Return the chunks joined, whose voices take turns."""
    joiner = Joiner(RATE, crossfade, voice=voices[0])
    out = []
    for index, chunk in enumerate(chunks):
        if index:
            voice = voices[index % len(voices)]
            out += joiner.next_chunk(PAUSE_S if normalize else None, voice)
        for start in range(0, len(chunk), piece_samples):
            out += joiner.feed(chunk[start : start + piece_samples])
    out += joiner.finish()
    return np.concatenate([np.zeros(0, np.float32), *out])


def length(parts: Sequence[PCM]) -> int:
    return sum(map(len, parts))


def pauses(pcm: PCM) -> list[int]:
    """Lengths, in samples, of the silences between loud samples."""
    loud = np.flatnonzero(np.abs(pcm) > 0.1)
    gaps = np.diff(loud)
    return [int(gap) for gap in gaps if gap > samples(0.02)]


PIECES = st.lists(
    st.one_of(
        st.integers(0, 900).map(lambda n: hush(n / RATE, n)),
        st.integers(0, 900).map(lambda n: speech(n / RATE, n)),
        st.integers(0, 900).map(lambda n: np.zeros(n, dtype=np.float32)),
        st.just(hush(2.1)),
    ),
    max_size=4,
).map(lambda parts: np.concatenate([np.zeros(0, dtype=np.float32), *parts]))


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECES, max_size=5), st.sampled_from(OPTIONS), st.integers(1, 500))
def test_joiner_tells_where_each_chunk_went(
    chunks: list[PCM], options: tuple[bool, bool], piece_samples: int
) -> None:
    crossfade, normalize = options
    joiner, out, starts = Joiner(RATE, crossfade), [], []
    for index, chunk in enumerate(chunks):
        if index:
            out += joiner.next_chunk(PAUSE_S if normalize else None)
        for start in range(0, len(chunk), piece_samples):
            out += joiner.feed(chunk[start : start + piece_samples])
        out += joiner.feed(np.zeros(BLOCK_SAMPLES, dtype=np.float32))
        starts.append(joiner.chunk_start)
    joined = np.concatenate([np.zeros(0, np.float32), *out, *joiner.finish()])
    for chunk, start in zip(chunks, starts, strict=True):
        if len(chunk) and np.abs(chunk).max() > 0.1:
            loudest = int(np.abs(chunk).argmax())
            assert joined[start + loudest] == chunk[loudest]


@pytest.mark.parametrize("voices", ["a", "ab", "abc"])
@settings(max_examples=20, deadline=None)
@example([speech(), hush(0.1), speech()], (True, False), 40)  # a silent chunk longer than a fade
@example([speech(), np.append(0.03 * speech(), speech())], (True, True), 40)  # growing louder
@example([0.3 * speech(), np.append(0.015 * speech(), speech())], (True, True), 40)
@example([speech(), 0.01 * speech(), 0.01 * speech()], (True, True), 40)
@given(st.lists(PIECES, max_size=5), st.sampled_from(OPTIONS), st.integers(1, 500))
def test_joiner_does_not_depend_on_how_chunks_are_cut(
    voices: str, chunks: list[PCM], options: tuple[bool, bool], piece_samples: int
) -> None:
    crossfade, normalize = options
    whole, cut = (
        join(chunks, crossfade=crossfade, normalize=normalize, piece_samples=n, voices=voices)
        for n in (10**9, piece_samples)
    )
    np.testing.assert_array_equal(whole, cut)


@settings(max_examples=60, deadline=None)
@given(PIECES, st.sampled_from(OPTIONS), st.booleans(), st.booleans())
def test_joiner_leaves_a_single_chunk_alone(
    chunk: PCM, options: tuple[bool, bool], empty_before: bool, empty_after: bool
) -> None:
    nothing = [np.zeros(0, dtype=np.float32)]
    chunks = [*nothing * empty_before, chunk, *nothing * empty_after]
    joined = join(chunks, crossfade=options[0], normalize=options[1], piece_samples=70)
    np.testing.assert_array_equal(joined, chunk)


@settings(max_examples=30, deadline=None)
@given(st.lists(PIECES, max_size=4))
def test_joiner_concatenates_with_both_options_off(chunks: list[PCM]) -> None:
    joined = join(chunks, crossfade=False, normalize=False)
    np.testing.assert_array_equal(joined, np.concatenate([np.zeros(0), *chunks]))


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("tail_s", [0.0, 0.003, 0.05, 0.6])
@pytest.mark.parametrize("lead_s", [0.0, 0.003, 0.05, 0.6])
def test_joiner_passes_speech_through_untouched(
    options: tuple[bool, bool], tail_s: float, lead_s: float
) -> None:
    first, second = spoken(0.1, tail_s, 1), spoken(lead_s, 0.1, 2)
    joined = join([first, second], crossfade=options[0], normalize=options[1])
    ends = first[: samples(0.1 + 0.3)]
    starts = second[samples(lead_s) :]
    np.testing.assert_array_equal(joined[: len(ends)], ends)
    np.testing.assert_array_equal(joined[-len(starts) :], starts)


@pytest.mark.parametrize("crossfade", [False, True])
def test_joiner_makes_every_pause_the_same(crossfade: bool) -> None:
    silences_s = [0.0, 0.02, 0.1, 0.3, 1.0, 1.9]
    chunks = [
        spoken(lead_s, tail_s, seed)
        for seed, (lead_s, tail_s) in enumerate(zip(silences_s, silences_s[::-1], strict=True))
    ]
    found = pauses(join(chunks, crossfade=crossfade, normalize=True))
    assert len(found) == len(chunks) - 1
    assert all(abs(pause - samples(PAUSE_S)) <= 2 * BLOCK_SAMPLES for pause in found)


def test_joiner_keeps_pauses_inside_a_chunk() -> None:
    chunk = np.concatenate((spoken(0.1, 0.7), spoken(0.1, 0.2)))
    joined = join([chunk, chunk], crossfade=True, normalize=True)
    inner, at_join, inner_again = pauses(joined)
    assert inner == inner_again == pauses(chunk)[0]
    assert at_join < samples(0.27)


def test_joiner_keeps_weak_sounds_at_both_sides() -> None:
    weak = np.float32(0.016) * speech(0.1)  # an "f", far below the vowels
    first = np.concatenate((speech(), weak, hush(0.5)))
    second = np.concatenate((hush(0.5), weak, speech()))
    joined = join([first, second], crossfade=True, normalize=True)
    kept = len(weak) + len(speech())
    np.testing.assert_array_equal(joined[:kept], first[:kept])
    np.testing.assert_array_equal(joined[-kept:], second[-kept:])


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize(("tail_s", "lead_s"), [(0, 0), (0, 0.3), (0.3, 0), (0.004, 0.004)])
def test_joiner_leaves_no_step_where_it_fades(
    normalize: bool, tail_s: float, lead_s: float
) -> None:
    first = np.concatenate((speech(0.302), hush(tail_s)))  # breaks off at 0.3 of full scale
    joined = join([first, spoken(lead_s, 0)], crossfade=True, normalize=normalize)
    largest = max(np.abs(np.diff(speech(0.302))).max(), 0.05)
    at_edges = np.abs(np.diff(joined))
    loud_to_hush = {samples(0.302) - 1} if tail_s else set()
    hush_to_loud = {len(joined) - len(speech()) - 1} if lead_s else set()
    for position in loud_to_hush | hush_to_loud:  # steps the chunks themselves hold
        at_edges[position] = 0
    assert at_edges.max() <= 1.01 * largest
    plain = np.abs(np.diff(np.concatenate((first, spoken(lead_s, 0)))))
    assert plain[len(first) - 1] > 2 * largest or tail_s or lead_s


def test_joiner_crossfades_within_the_silence() -> None:
    first, second = spoken(0.1, 0.2, 1), spoken(0.2, 0.1, 2)
    joined = join([first, second], crossfade=True, normalize=False)
    assert len(joined) == len(first) + len(second) - samples(0.010)
    untouched = len(first) - samples(0.010)
    np.testing.assert_array_equal(joined[:untouched], first[:untouched])
    rest = second[samples(0.010) :]
    np.testing.assert_array_equal(joined[-len(rest) :], rest)


@pytest.mark.parametrize("silence", [hush(0.3), hush(0.004), np.zeros(99, dtype=np.float32)])
def test_joiner_adds_nothing_for_silent_chunks(silence: PCM) -> None:
    first, second = spoken(0.1, 0.2, 1), spoken(0.2, 0.1, 2)
    expected = join([first, second], crossfade=True, normalize=True)
    joined = join([first, silence, silence, second], crossfade=True, normalize=True)
    np.testing.assert_array_equal(joined, expected)
    last = join([first, silence], crossfade=True, normalize=True)
    np.testing.assert_array_equal(last, first)


@pytest.mark.parametrize("crossfade", [False, True])
def test_joiner_keeps_silent_chunks_where_pauses_stay(crossfade: bool) -> None:
    joined = join([hush(0.3), hush(0.004), hush(0.3)], crossfade=crossfade, normalize=False)
    assert samples(0.604) - 2 * samples(0.010) <= len(joined) <= samples(0.604)


def test_joiner_gives_speech_out_at_once() -> None:
    joiner = Joiner(RATE, True)
    assert length(joiner.feed(speech(1.0))) == samples(1.0)
    assert length(joiner.feed(hush(0.5))) == 0
    assert length(joiner.feed(speech(1.0))) == samples(1.5)
    assert length(joiner.feed(hush(MAX_HELD_S + 1))) == samples(1)
    assert length(joiner.next_chunk(PAUSE_S)) == 0
    assert length(joiner.feed(speech(1.0))) == samples(PAUSE_S) + samples(1.0)


def test_joiner_writes_to_nothing_it_was_fed() -> None:
    chunks = [spoken(0.2, 0.2, seed) for seed in range(3)]
    for chunk in chunks:
        chunk.setflags(write=False)
    before = [chunk.copy() for chunk in chunks]
    join(chunks, crossfade=True, normalize=True)
    for chunk, copy in zip(chunks, before, strict=True):
        np.testing.assert_array_equal(chunk, copy)


def test_joiner_needs_time_and_memory_for_what_it_holds_only() -> None:
    chunk = spoken(0.1, 0.4)

    def fed(num_chunks: int) -> Joiner:
        joiner = Joiner(RATE, True)
        for _ in range(num_chunks):
            for piece in np.array_split(chunk, 4):
                joiner.feed(piece)
            joiner.next_chunk(PAUSE_S)
        return joiner

    tracemalloc.start()
    try:
        held_bytes = tracemalloc.get_traced_memory()[0]
        joiner = fed(150)
        grown_bytes = tracemalloc.get_traced_memory()[0] - held_bytes
    finally:
        tracemalloc.stop()
    assert joiner.chunk_start
    assert grown_bytes < 4 * samples(MAX_HELD_S) + 20_000
    assert takes_less(fed, 400, 50, 30)  # 8 if linear, 64 if quadratic


def test_long_pause_takes_no_memory_until_it_is_played() -> None:
    joiner = Joiner(RATE, True)
    joiner.feed(spoken(0.1, 0.4))
    joiner.next_chunk(1800)
    tracemalloc.start()
    try:
        parts = joiner.feed(spoken(0.1, 0.4))
        grown_bytes = tracemalloc.get_traced_memory()[1] - 4 * samples(1800)
    finally:
        tracemalloc.stop()
    assert length(parts) == samples(1800) + samples(0.3)
    assert grown_bytes < 4 * samples(60)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 3), st.floats(0, 3), st.sampled_from([0, 0.004, 0.2, 1.5, 10])),
        min_size=1,
        max_size=4,
    ),
    st.booleans(),
)
def test_joiner_makes_pauses_exact_to_the_sample(
    chunks: list[tuple[float, float, float]], crossfade: bool
) -> None:
    def whole_blocks(duration_s: float) -> PCM:
        return hush(round(duration_s / 0.005) * 0.005)

    opening_s, closing_s = chunks[0][2], chunks[-1][2]
    joiner = Joiner(RATE, crossfade, opening_s)
    joined = []
    for index, (lead_s, tail_s, pause_s) in enumerate(chunks):
        if index:
            joined += joiner.next_chunk(pause_s)
        joined += joiner.feed(np.concatenate((whole_blocks(lead_s), speech(0.3))))
        joined += joiner.feed(whole_blocks(tail_s))
    joined += joiner.finish(closing_s)
    pauses_s = [pause_s for _, _, pause_s in chunks] + [closing_s]
    assert sum(map(len, joined)) == sum(map(samples, pauses_s), len(chunks) * samples(0.3))
    found = np.concatenate(joined)
    np.testing.assert_array_equal(found[samples(opening_s) :][: samples(0.3)], speech(0.3))


def test_joiner_ends_and_begins_in_silence_that_was_asked_for() -> None:
    joiner = Joiner(RATE, True, 0.5)
    joined = np.concatenate((*joiner.feed(spoken(0.1, 0.2)), *joiner.finish(1.0)))
    loud = np.flatnonzero(np.abs(joined) > 0.1)
    assert loud[0] == samples(0.5)
    assert len(joined) == samples(0.5 + 0.3 + 1.0)
    assert np.abs(joined[: samples(0.2)]).max() == np.abs(joined[-samples(0.4) :]).max() == 0


@pytest.mark.parametrize("level_db", [-20, -34, -44])
def test_turn_of_a_soft_voice_is_no_silence_after_a_loud_one(level_db: int) -> None:
    soft = np.float32(10 ** (level_db / 20)) * speech(1.2)
    turns = [speech(), np.concatenate((hush(0.3), soft, hush(0.4))), speech()]
    joined = join(turns, crossfade=True, normalize=True, voices="ab")
    start = len(speech()) + samples(PAUSE_S)
    np.testing.assert_array_equal(joined[start:][: len(soft)], soft)
    assert len(joined) == start + len(soft) + start


@pytest.mark.parametrize("piece_samples", [1, 333, 10**6])
def test_words_are_placed_where_their_chunk_is_joined(piece_samples: int) -> None:
    chunks = [spoken(0.0, 0.2), hush(2.0), spoken(0.1, 0.2)]
    words = [("one", 0.0, 0.3), ("two", 0.5, 1.5), ("three", 0.1, 0.4)]
    joiner = Joiner(RATE, True, voice="a")
    told = []
    for index, (chunk, word) in enumerate(zip(chunks, words, strict=True)):
        if index:
            joiner.next_chunk(PAUSE_S, "a")
        joiner.feed(chunk[:piece_samples], [TimedWord(*word)])
        joiner.feed(chunk[piece_samples:])
        told += joiner.take_words()
        joiner.end_chunk()
        told += joiner.take_words()
    silent_s = told[1].start  # where the next chunk may begin
    assert [(word.word, round(word.start, 9), round(word.end, 9)) for word in told] == [
        ("one", 0.0, 0.3),
        ("two", silent_s, silent_s),
        ("three", 0.55, 0.85),
    ]
    assert 0.3 <= silent_s <= 0.55
