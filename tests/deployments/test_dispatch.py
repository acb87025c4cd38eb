import numpy as np
import pytest

from deployments.dispatch import VoicedJob, sample_in_order
from deployments.request_voices import RequestVoices
from deployments.sampler import PCMBlock
from engine.protocol import Job
from speech.errors import InternalError, VoiceLost


class Stream:
    """What a handle's streaming call returns, over a list of blocks or errors."""

    def __init__(self, items):
        self.items = list(items)
        self.cancelled = False

    def cancel(self):
        self.cancelled = True

    async def __anext__(self):
        if not self.items:
            raise StopAsyncIteration
        item = self.items.pop(0)
        if isinstance(item, Exception):
            raise item
        return item


class FakeSampler:
    """A handle to a sampler that answers each job as `answer(job, voice)` says."""

    def __init__(self, answer):
        self.answer = answer
        self.streams = []
        self.generate = self

    def remote(self, job, voice):
        self.streams.append(Stream(self.answer(job, voice)))
        return self.streams[-1]


def block(job, voice=None):
    return PCMBlock(np.array([job.seed], np.float32), "fake", "cpu", 0.0)


def jobs(count, voice=None):
    return [VoicedJob(Job(f"Chunk {index}.", index), voice) for index in range(count)]


def no_voices():
    async def prepare(name):
        raise AssertionError("no job has a voice")

    return RequestVoices(prepare)


def no_redraw():
    raise AssertionError("no sampler is lost")


async def test_sample_yields_jobs_in_order():
    sampler = FakeSampler(lambda job, voice: [block(job), block(job)])
    got = [
        (index, int(item.pcm[0]))
        async for index, item, _ in sample_in_order(sampler, jobs(5), no_voices(), 2, no_redraw)
    ]
    assert got == [(index, index) for index in range(5) for _ in range(2)]


async def test_sample_keeps_no_more_jobs_running_than_allowed():
    sampler = FakeSampler(lambda job, voice: [block(job)])
    blocks = sample_in_order(sampler, jobs(9), no_voices(), 3, no_redraw)
    await anext(blocks)
    assert len(sampler.streams) == 3
    await anext(blocks)
    assert len(sampler.streams) == 4
    await blocks.aclose()


async def test_sample_closed_early_cancels_every_running_job():
    sampler = FakeSampler(lambda job, voice: [block(job)])
    blocks = sample_in_order(sampler, jobs(9), no_voices(), 3, no_redraw)
    await anext(blocks)
    await blocks.aclose()
    assert [stream.cancelled for stream in sampler.streams] == [True, True, True]


async def test_sample_failure_cancels_the_others_and_passes_the_error_on():
    sampler = FakeSampler(lambda job, voice: [InternalError("no")] if job.seed else [block(job)])
    with pytest.raises(InternalError):
        _ = [item async for item in sample_in_order(sampler, jobs(4), no_voices(), 4, no_redraw)]
    assert all(stream.cancelled for stream in sampler.streams[1:])


async def test_sample_prepares_a_lost_voice_again_once_and_goes_on():
    voices = iter(["lost", "found"])

    async def prepare(name):
        return next(voices)

    def answer(job, voice):
        return [block(job)] if voice == "found" or job.seed == 0 else [VoiceLost("gone")]

    sampler = FakeSampler(answer)
    got = [
        index
        async for index, _, _ in sample_in_order(
            sampler, jobs(4, "a.wav"), RequestVoices(prepare), 2, no_redraw
        )
    ]
    assert got == [0, 1, 2, 3]


async def test_sample_gives_up_when_the_voice_is_lost_again():
    prepared = []

    async def prepare(name):
        prepared.append(name)

    sampler = FakeSampler(lambda job, voice: [VoiceLost("gone")])
    with pytest.raises(VoiceLost):
        _ = [
            item
            async for item in sample_in_order(
                sampler, jobs(1, "a.wav"), RequestVoices(prepare), 2, no_redraw
            )
        ]
    assert len(prepared) == 2
