import asyncio

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


async def jobs(count, voice=None):
    for index in range(count):
        yield VoicedJob(Job(f"Chunk {index}.", index), voice)


async def next_block(sampled):
    """Return the next block, past the ends of jobs."""
    while (block := (await anext(sampled)).block) is None:
        pass
    return block


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
        if item is not None
    ]
    assert got == [(index, index) for index in range(5) for _ in range(2)]


async def test_sample_keeps_no_more_jobs_running_than_allowed():
    sampler = FakeSampler(lambda job, voice: [block(job)])
    blocks = sample_in_order(sampler, jobs(9), no_voices(), 3, no_redraw)
    await next_block(blocks)
    assert len(sampler.streams) == 3
    await next_block(blocks)
    assert len(sampler.streams) == 4
    await blocks.aclose()


async def test_sample_closed_early_cancels_every_running_job():
    sampler = FakeSampler(lambda job, voice: [block(job)])
    blocks = sample_in_order(sampler, jobs(9), no_voices(), 3, no_redraw)
    await next_block(blocks)
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
        async for index, item, _ in sample_in_order(
            sampler, jobs(4, "a.wav"), RequestVoices(prepare), 2, no_redraw
        )
        if item is not None
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


async def test_job_begins_when_it_comes_and_tells_its_end():
    came = asyncio.Queue()

    async def coming():
        while (job := await came.get()) is not None:
            yield job

    sampler = FakeSampler(lambda job, voice: [block(job)])
    sampled = sample_in_order(sampler, coming(), no_voices(), 2, no_redraw)
    ends = []
    for index in range(3):
        came.put_nowait(VoicedJob(Job("Chunk.", index), None))
        assert int((await anext(sampled)).block.pcm[0]) == index
        ends.append(await anext(sampled))
    came.put_nowait(None)
    assert [(end.job_index, end.block) for end in ends] == [(0, None), (1, None), (2, None)]
    assert [item async for item in sampled] == []


async def test_sample_closed_while_no_job_comes_leaves_no_task():
    waiting, closed = asyncio.Event(), asyncio.Event()

    async def coming():
        try:
            yield VoicedJob(Job("Chunk.", 0), None)
            waiting.set()
            await asyncio.Event().wait()
        finally:
            closed.set()

    sampler = FakeSampler(lambda job, voice: [block(job)])
    sampled = sample_in_order(sampler, coming(), no_voices(), 2, no_redraw)
    await anext(sampled)
    await waiting.wait()
    await sampled.aclose()
    assert closed.is_set()
