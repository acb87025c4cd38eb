import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ray.exceptions import ActorUnavailableError

from deployments.job_stream import FADE_SAMPLES, PAUSES_S, JobStream
from deployments.sampler import PCMBlock
from speech.errors import InternalError, SamplerLost
from speech.timestamps import TimedWord
from tests.deployments.test_dispatch import Stream

REPLICA_LOST = ActorUnavailableError("Actor is unavailable.", None)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr("deployments.job_stream.PAUSES_S", (0.0,) * len(PAUSES_S))


def blocks(pcm, ends):
    """Return `pcm` in blocks that end where `ends` says."""
    return [PCMBlock(part, "fake", "cpu", 0.0) for part in np.split(pcm, sorted(ends)) if part.size]


async def drain(stream):
    parts = []
    while (block := await stream.next_block()) is not None:
        parts.append(block.pcm)
    return np.concatenate(parts)


def stream_of(*draws):
    """Return a stream whose job gives each of `draws` in turn, and the count of its redraws."""
    remaining, redraws = list(draws), []
    return JobStream(lambda: Stream(remaining.pop(0)), lambda: redraws.append(1)), redraws


@given(
    st.integers(1, 2000).flatmap(
        lambda n: st.tuples(
            st.just(n), st.sets(st.integers(1, n)), st.sets(st.integers(1, n)), st.integers(0, 9)
        )
    )
)
async def test_redrawn_job_goes_on_at_the_sample_where_it_stopped(drawn):
    num_samples, first_ends, second_ends, lost_after = drawn
    pcm = np.random.default_rng(num_samples).standard_normal(num_samples).astype(np.float32)
    first = [*blocks(pcm, first_ends)[:lost_after], REPLICA_LOST]
    stream, redraws = stream_of(first, blocks(pcm, second_ends))
    assert np.array_equal(await drain(stream), pcm)
    assert len(redraws) == 1


@pytest.mark.parametrize("ends", [[], [2000], [500, 2000, 2100, 2101], [1999, 2001]])
async def test_redrawn_audio_that_differs_by_rounding_joins_without_a_step(ends):
    pcm = np.sin(np.arange(4000) / 500, dtype=np.float32)  # its own steps are a fifth of the other
    twin = pcm + 0.01
    twin.flags.writeable = False
    stream, _ = stream_of([*blocks(pcm, [2000])[:1], REPLICA_LOST], blocks(twin, ends))
    joined = await drain(stream)
    assert len(joined) == 4000
    assert np.abs(np.diff(joined)).max() <= np.abs(np.diff(pcm)).max() + 0.01 / FADE_SAMPLES * 1.1
    assert np.array_equal(joined[2000 + FADE_SAMPLES :], twin[2000 + FADE_SAMPLES :])


@given(*[st.lists(st.integers(0, 3), min_size=1, max_size=5)] * 3, st.integers(0, 5))
async def test_redrawn_job_tells_each_word_once(first, second, third, lost_after):
    words = [TimedWord(str(number), number, number + 1) for number in range(4 * 5)]

    def draw(counts):
        ends = np.cumsum([0, *counts])
        spans = zip(ends, [*ends[1:], len(words)], strict=True)
        return [PCMBlock(np.zeros(9, np.float32), "f", "cpu", 0.0, words[a:b]) for a, b in spans]

    stream, _ = stream_of(
        [*draw(first)[:lost_after], REPLICA_LOST], [*draw(second)[:2], REPLICA_LOST], draw(third)
    )
    told = []
    while (block := await stream.next_block()) is not None:
        told += block.words
    assert told == words


@pytest.mark.parametrize("lost", [REPLICA_LOST, SamplerLost("The sampler was lost, retry later")])
async def test_job_whose_samplers_are_lost_again_and_again_is_given_up(lost):
    draws = [[lost]] * (len(PAUSES_S) + 1)
    stream, redraws = stream_of(*draws)
    with pytest.raises(SamplerLost):
        await stream.next_block()
    assert len(redraws) == len(PAUSES_S)


async def test_job_that_fails_by_itself_is_not_drawn_again():
    stream, redraws = stream_of([InternalError("The engine failed on this text")])
    with pytest.raises(InternalError):
        await stream.next_block()
    assert not redraws
