"""Word times from attention."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.echo.alignment import SETTLED_FRAMES, evidence, word_frames


def _looks(frames_per_token: list[int], sharpness: float = 6.0) -> np.ndarray:
    """Return how a head looks that stays that long with each token, (frames, tokens)."""
    path = np.repeat(np.arange(len(frames_per_token)), frames_per_token)
    scores = sharpness * np.eye(len(frames_per_token))[path]
    return scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)


def test_words_are_where_a_sharp_head_looks():
    spans = [(1, 3), (4, 6)]
    times = word_frames(_looks([2, 3, 3, 8, 4, 2, 1]), spans, complete=True)
    assert np.array(times) == pytest.approx(np.array([[1.5, 8.5], [15.5, 22.5]]), abs=0.2)


def test_a_short_gap_is_shared_by_its_neighbours():
    times = word_frames(_looks([0, 6, 1, 6, 0], 9.0), [(1, 2), (3, 4)], complete=True)
    assert times[0][1] == pytest.approx(times[1][0], abs=1e-3)


def test_one_look_astray_does_not_move_a_word():
    looks = _looks([4, 4, 4, 4, 4])
    straight = word_frames(looks, [(1, 2), (3, 4)], complete=True)
    looks[6] = looks[18]
    astray = word_frames(looks, [(1, 2), (3, 4)], complete=True)
    assert np.array(astray) == pytest.approx(np.array(straight), abs=1.0)


def test_a_word_left_unsaid_takes_no_time_of_others():
    times = word_frames(_looks([4, 6, 0, 6, 4], 9.0), [(1, 2), (2, 3), (3, 4)], complete=True)
    assert times[1][1] - times[1][0] < 1.5
    assert times[2] == pytest.approx((10.0, 16.5), abs=0.6)


def test_only_settled_words_come_before_the_end():
    looks, spans = _looks([1, 5, 1, 5, 1, 5, 1, 5]), [(1, 2), (3, 4), (5, 6), (7, 8)]
    whole = word_frames(looks, spans, complete=True)
    early = word_frames(looks[:12], spans, complete=False)
    assert 1 <= len(early) < len(spans)
    assert np.array(early) == pytest.approx(np.array(whole[: len(early)]), abs=0.3)
    assert early[-1][1] <= 12 - SETTLED_FRAMES


def test_no_frames_are_no_time():
    none = np.zeros((0, 5))
    assert word_frames(none, [(1, 2)], complete=True) == [(0.0, 0.0)]
    assert word_frames(none, [(1, 2)], complete=False) == []


@settings(deadline=None, max_examples=50)
@given(
    seed=st.integers(0, 1000),
    num_frames=st.integers(1, 60),
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=8),
    complete=st.booleans(),
)
def test_times_are_in_order_whatever_heads_look_at(seed, num_frames, lengths, complete):
    ends = np.cumsum([1 + length for length in lengths])
    spans = [(int(end) - length, int(end)) for end, length in zip(ends, lengths, strict=True)]
    scores = 5 * np.random.default_rng(seed).standard_normal((num_frames, int(ends[-1]) + 1))
    looks = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    times = np.array(word_frames(looks, spans, complete)).ravel()
    assert (np.diff(times, prepend=0.0, append=num_frames) >= -1e-9).all()


def test_a_sharp_reader_is_better_evidence_than_others():
    rng = np.random.default_rng(0)
    reader = _looks([3] * 20)
    blurred = _looks([3] * 20, 1.0)
    stuck = np.tile(_looks([1] + [0] * 19)[:1], (60, 1))
    backwards = reader[::-1]
    astray = reader[rng.permutation(60)]
    scores = evidence(np.stack([reader, blurred, stuck, backwards, astray]))
    assert scores[0] > scores[1:].max() + 0.5
