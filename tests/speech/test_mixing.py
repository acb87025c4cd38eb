import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.decoding.audio import Block
from speech.mixing import mix

RNG = np.random.default_rng(0)
VOICE, OTHER = RNG.standard_normal((2, 20_000)).astype(np.float32)
SILENCE = np.zeros_like(VOICE)


def blocks(*channels, rate_hz=48_000, size=3000):
    samples = np.stack(channels, axis=1)
    return [Block(rate_hz, samples[at : at + size]) for at in range(0, len(samples), size)]


def only(made):
    (run,) = mix(made)
    return run


@pytest.mark.parametrize(
    "channels",
    [
        (VOICE,),
        (VOICE, VOICE),
        (VOICE, OTHER),
        (VOICE, SILENCE),
        (VOICE, -0.6 * VOICE),
        (VOICE, *[SILENCE] * 31),
        (VOICE + OTHER, OTHER - VOICE),
        (VOICE, VOICE, -VOICE),
        (VOICE + 9, VOICE - 9),
        (SILENCE, SILENCE),
    ],
)
def test_mean_is_taken_of_channels_that_do_not_cancel(channels):
    run = only(blocks(*channels))
    assert run.loudest is None
    np.testing.assert_allclose(run.mono, np.mean(channels, axis=0), atol=1e-6)


@pytest.mark.parametrize(
    ("channels", "loudest"),
    [
        ((VOICE, -VOICE), 0),
        ((0.8 * VOICE, -VOICE), 1),
        ((VOICE, -VOICE + 0.1 * OTHER), 1),
        ((VOICE, -VOICE, SILENCE), 0),
        ((VOICE, -0.5 * VOICE, -0.5 * VOICE), 0),
        ((VOICE + 1, -0.9 * VOICE + 1.1), 0),
    ],
)
def test_loudest_channel_is_named_where_all_cancel(channels, loudest):
    assert only(blocks(*channels)).loudest == loudest


@given(st.floats(0.9, 1.1), st.floats(1e-3, 1e3), st.integers(1, 4))
def test_cancelling_is_told_at_any_level_and_number_of_pairs(ratio, level, pairs):
    channels = [level * VOICE, -level * ratio * VOICE] * pairs
    assert only(blocks(*channels)).loudest is not None


def test_asked_channel_is_taken_instead():
    (run,) = mix(blocks(VOICE, -VOICE), [1])
    np.testing.assert_array_equal(run.mono, -VOICE)
    assert run.mono.flags.c_contiguous


def test_each_run_of_one_form_is_judged_alone():
    made = [*blocks(VOICE, VOICE), *blocks(VOICE, -VOICE, rate_hz=44_100), *blocks(VOICE)]
    assert [(run.rate_hz, run.loudest) for run in mix(made)] == [
        (48_000, None),
        (44_100, 0),
        (48_000, None),
    ]
