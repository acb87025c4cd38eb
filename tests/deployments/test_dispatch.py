import numpy as np
import pytest

from deployments.dispatch import chunk_seed, sample_in_order
from deployments.sampler import Piece
from engine.protocol import Job
from speech.errors import InternalError, VoiceLost


class Stream:
    """What a handle's streaming call returns, over a list of pieces or errors."""

    def __init__(self, items):
        self.items = list(items)
        self.cancelled = False

    def cancel(self):
        self.cancelled = True

    async def __aiter__(self):
        for item in self.items:
            if isinstance(item, Exception):
                raise item
            yield item


class FakeSampler:
    """A handle to a sampler that answers each job as `answer(job, voice)` says."""

    def __init__(self, answer):
        self.answer = answer
        self.streams = []
        self.generate = self

    def remote(self, job, voice):
        self.streams.append(Stream(self.answer(job, voice)))
        return self.streams[-1]


def piece(job, voice=None):
    return Piece(np.array([job.seed], np.float32), "fake", "cpu", 0.0)


def jobs(count):
    return [Job(f"Chunk {index}.", index) for index in range(count)]


async def no_voice():
    return None


async def test_sample_yields_jobs_in_order():
    sampler = FakeSampler(lambda job, voice: [piece(job), piece(job)])
    got = [
        (index, int(item.pcm[0]))
        async for index, item in sample_in_order(sampler, jobs(5), no_voice, 2)
    ]
    assert got == [(index, index) for index in range(5) for _ in range(2)]


async def test_sample_keeps_no_more_jobs_running_than_allowed():
    sampler = FakeSampler(lambda job, voice: [piece(job)])
    pieces = sample_in_order(sampler, jobs(9), no_voice, 3)
    await anext(pieces)
    assert len(sampler.streams) == 3
    await anext(pieces)
    assert len(sampler.streams) == 4
    await pieces.aclose()


async def test_sample_closed_early_cancels_every_running_job():
    sampler = FakeSampler(lambda job, voice: [piece(job)])
    pieces = sample_in_order(sampler, jobs(9), no_voice, 3)
    await anext(pieces)
    await pieces.aclose()
    assert [stream.cancelled for stream in sampler.streams] == [True, True, True]


async def test_sample_failure_cancels_the_others_and_passes_the_error_on():
    sampler = FakeSampler(lambda job, voice: [InternalError("no")] if job.seed else [piece(job)])
    with pytest.raises(InternalError):
        _ = [item async for item in sample_in_order(sampler, jobs(4), no_voice, 4)]
    assert all(stream.cancelled for stream in sampler.streams[1:])


async def test_sample_prepares_a_lost_voice_again_once_and_goes_on():
    voices = iter(["lost", "found"])

    async def prepare():
        return next(voices)

    def answer(job, voice):
        return [piece(job)] if voice == "found" or job.seed == 0 else [VoiceLost("gone")]

    sampler = FakeSampler(answer)
    got = [index async for index, _ in sample_in_order(sampler, jobs(4), prepare, 2)]
    assert got == [0, 1, 2, 3]


async def test_sample_gives_up_when_the_voice_is_lost_again():
    prepared = []

    async def prepare():
        prepared.append(1)

    sampler = FakeSampler(lambda job, voice: [VoiceLost("gone")])
    with pytest.raises(VoiceLost):
        _ = [item async for item in sample_in_order(sampler, jobs(1), prepare, 2)]
    assert len(prepared) == 2


def test_chunk_seed_is_the_requests_own_then_derived():
    assert chunk_seed(7, 0) == 7
    derived = [chunk_seed(7, index) for index in range(1, 50)]
    assert len(set(derived)) == 49
    assert all(0 <= seed < 2**63 for seed in derived)
    assert derived == [chunk_seed(7, index) for index in range(1, 50)]
