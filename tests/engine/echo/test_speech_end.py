import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.echo.length import expected_frames
from engine.echo.speech_end import choose_end, find_fault, retake_seed


def flags(*runs):
    """Return flags of flat and other frames: lengths of runs, speech first."""
    return np.concatenate([np.full(length, index % 2 == 1) for index, length in enumerate(runs)])


@pytest.mark.parametrize(
    ("runs", "expected", "end"),
    [
        ((60, 40), 65, 60),  # ordinary: nothing follows
        ((16, 16, 34, 94), 107, 66),  # a pause, then the rest (echo-mini, 40 dashes)
        ((70, 12, 20, 58), 107, 102),  # a late pause, then the last words
        ((70, 12, 20, 58), 102, 102),  # as long as the text may take
        ((70, 12, 20, 58), 101, 70),
        ((60, 20, 60, 20), 65, 60),  # babble behind the end: longer than the text may take
        ((16, 8, 100), 107, 124),  # a pause, and no end
        ((16, 8, 50, 10, 20), 107, 74),  # too early to be one, then the next
        ((30, 0), 40, 30),  # never flat
        ((0, 90), 65, 0),  # silent
        ((10, 80), 107, 10),  # far too short, and nothing else
        ((0, 8, 40, 20), 15, 48),  # one word after a silence
        ((0, 8, 40, 20, 30), 15, 48),
    ],
)
def test_an_end_is_one_only_where_it_can_be(runs, expected, end):
    assert choose_end(flags(*runs), expected) == end


@given(st.lists(st.integers(0, 30), min_size=1, max_size=6), st.floats(0, 200))
def test_what_is_cut_off_is_flat_or_too_late(runs, expected):
    is_flat = flags(*runs)
    end = choose_end(is_flat, expected)
    first = int(np.argmax(is_flat)) if is_flat.any() else len(is_flat)
    assert first <= end <= len(is_flat)
    if not is_flat[end:].all():
        assert end >= 0.5 * expected - 1 or expected < 20


@pytest.mark.parametrize(
    ("peak", "end_frame", "has_end", "fault"),
    [
        (0.5, 60, True, None),
        (0.0001, 60, True, "silent"),
        (0.5, 100, False, "cut"),
        (0.5, 31, True, "early"),
        (0.5, 32, True, None),
    ],
)
def test_a_faulty_take_is_told(peak, end_frame, has_end, fault):
    assert find_fault(peak, end_frame, 65.0, has_end=has_end) == fault


def test_one_word_is_never_too_short():
    assert find_fault(0.5, 3, expected_frames("Yes."), has_end=True) is None


def test_each_retake_has_a_seed_of_its_own():
    seeds = [3]
    for _ in range(5):
        seeds.append(retake_seed(seeds[-1]))
    assert len(set(seeds)) == 6
    assert all(0 <= seed < 2**63 for seed in seeds)
