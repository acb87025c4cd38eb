import asyncio
import contextlib

import numpy as np
import pytest

from deployments.dispatch import VoicedJob, sample_in_order
from deployments.prepared_voice import PreparedVoice, content_key
from deployments.request_voices import RequestVoices
from deployments.sampler import PCMBlock
from deployments.spoken_voice import ENOUGH_SAMPLES, MAX_SAMPLES
from engine.protocol import Job
from speech.errors import InternalError, InvalidRequest, SamplerLost, VoiceLost, VoiceNotFound


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


async def coming(queue):
    """Yield what comes in a queue, up to None."""
    while (job := await queue.get()) is not None:
        yield job


async def next_block(sampled):
    """Return the next block, past the ends of jobs."""
    while (block := (await anext(sampled)).block) is None:
        pass
    return block


def one_voice():
    async def prepare(name):
        return PreparedVoice(name, "key", 1)

    return RequestVoices(prepare)


def no_voices():
    async def prepare(name):
        raise AssertionError("no job names a voice")

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
    blocks = sample_in_order(sampler, jobs(9, "a.wav"), one_voice(), 3, no_redraw)
    await next_block(blocks)
    assert len(sampler.streams) == 3
    await next_block(blocks)
    assert len(sampler.streams) == 4
    await blocks.aclose()


async def test_sample_closed_early_cancels_every_running_job():
    sampler = FakeSampler(lambda job, voice: [block(job)])
    blocks = sample_in_order(sampler, jobs(9, "a.wav"), one_voice(), 3, no_redraw)
    await next_block(blocks)
    await blocks.aclose()
    assert [stream.cancelled for stream in sampler.streams] == [True, True, True]


async def test_sample_failure_cancels_the_others_and_passes_the_error_on():
    sampler = FakeSampler(lambda job, voice: [InternalError("no")] if job.seed else [block(job)])
    with pytest.raises(InternalError):
        _ = [
            item
            async for item in sample_in_order(sampler, jobs(4, "a.wav"), one_voice(), 4, no_redraw)
        ]
    assert all(stream.cancelled for stream in sampler.streams[1:])


async def test_voice_that_cannot_be_prepared_costs_no_speech():
    async def prepare(name):
        if name == "missing.wav":
            raise VoiceNotFound(name)
        return PreparedVoice(name, "key", 1)

    sampler = FakeSampler(lambda job, voice: [block(job)])
    voices = RequestVoices(prepare, ["a.wav", "missing.wav"])
    with pytest.raises(VoiceNotFound):
        await anext(sample_in_order(sampler, jobs(2, "a.wav"), voices, 2, no_redraw))
    assert not sampler.streams


async def test_jobs_before_one_that_cannot_begin_are_played_to_their_end():
    async def coming():
        async for job in jobs(3, "a.wav"):
            yield job
        raise InvalidRequest("Invalid pause")

    sampler = FakeSampler(lambda job, voice: [block(job)])
    sampled = sample_in_order(sampler, coming(), one_voice(), 9, no_redraw)
    assert [(await anext(sampled)).job_index for _ in range(6)] == [0, 0, 1, 1, 2, 2]
    with pytest.raises(InvalidRequest):
        await anext(sampled)


async def test_sample_prepares_a_lost_voice_again_once_and_goes_on():
    prepared = []

    async def prepare(name):
        prepared.append(name)
        return PreparedVoice(name, "key", 1)

    def answer(job, voice):
        return [block(job)] if len(prepared) == 2 or job.seed == 0 else [VoiceLost("gone")]

    sampler = FakeSampler(answer)
    got = [
        index
        async for index, item, _ in sample_in_order(
            sampler, jobs(4, "a.wav"), RequestVoices(prepare), 2, no_redraw
        )
        if item is not None
    ]
    assert got == [0, 1, 2, 3]


@pytest.mark.parametrize(("prepared", "heard"), [(["a", "a"], [1, 2, 3]), (["a", "b"], [1, 2])])
async def test_begun_job_whose_voice_is_lost_goes_on_in_the_same_voice_or_fails(prepared, heard):
    parts = [PCMBlock(np.full(9, number, np.float32), "fake", "cpu", 0.0) for number in (1, 2, 3)]
    draws = iter([[*parts[:2], SamplerLost("gone")], [VoiceLost("gone")], parts])
    keys = iter(prepared)

    async def prepare(name):
        return PreparedVoice(name, next(keys), 1)

    sampler = FakeSampler(lambda job, voice: next(draws))
    voices = RequestVoices(prepare)
    sampled = sample_in_order(sampler, jobs(1, "a.wav"), voices, 2, lambda: None)
    got = []
    with contextlib.suppress(VoiceLost):
        async for item in sampled:
            if item.block is not None:
                got.append(int(item.block.pcm[0]))
    assert got == heard


@pytest.mark.parametrize(("prepared", "heard"), [(["a", "a"], [0, 1, 2]), (["a", "b"], [0])])
async def test_request_changes_no_voice_that_was_heard_where_a_later_job_loses_it(prepared, heard):
    keys = iter(prepared)

    async def prepare(name):
        return PreparedVoice(name, next(keys), 1)

    lost = iter([VoiceLost("gone")])
    sampler = FakeSampler(lambda job, voice: [next(lost, block(job)) if job.seed else block(job)])
    sampled = sample_in_order(sampler, jobs(3, "a.wav"), RequestVoices(prepare), 1, no_redraw)
    got = []
    with contextlib.suppress(VoiceLost):
        async for index, item, _ in sampled:
            if item is not None:
                got.append(index)
    assert got == heard


async def test_request_is_in_one_voice_where_its_jobs_began_in_two():
    heard = RequestVoices(None)
    first, second = PreparedVoice("a.wav", "a", 1), PreparedVoice("a.wav", "b", 1)
    heard.hear("a.wav", first)
    heard.hear("b.wav", second)
    with pytest.raises(VoiceLost):
        heard.hear("a.wav", second)


async def test_job_may_begin_while_a_lost_voice_is_prepared_again():
    came, second_began, prepared = asyncio.Queue(), asyncio.Event(), []

    async def prepare(name):
        prepared.append(name)
        if prepared == ["a.wav", "a.wav"]:
            came.put_nowait(VoicedJob(Job("Chunk 1.", 1), "b.wav"))
            came.put_nowait(None)
            await second_began.wait()
        return name

    def answer(job, voice):
        if voice == "b.wav":
            second_began.set()
        return [VoiceLost("gone")] if prepared == ["a.wav"] else [block(job)]

    came.put_nowait(VoicedJob(Job("Chunk 0.", 0), "a.wav"))
    sampler, voices = FakeSampler(answer), RequestVoices(prepare)
    sampled = sample_in_order(sampler, coming(came), voices, 2, no_redraw)
    assert [index async for index, item, _ in sampled if item is not None] == [0, 1]


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
    sampler = FakeSampler(lambda job, voice: [block(job)])
    sampled = sample_in_order(sampler, coming(came), no_voices(), 2, no_redraw)
    ends = []
    for index in range(3):
        came.put_nowait(VoicedJob(Job("Chunk.", index), None))
        assert int((await anext(sampled)).block.pcm[0]) == index
        ends.append(await anext(sampled))
    came.put_nowait(None)
    assert [(end.job_index, end.block) for end in ends] == [(0, None), (1, None), (2, None)]
    assert [item async for item in sampled] == []


async def test_others_go_on_while_a_job_is_waited_for_again():
    came = asyncio.Queue()
    sampler = FakeSampler(lambda job, voice: [block(job)])
    sampled = sample_in_order(sampler, coming(came), one_voice(), 2, no_redraw)
    for index in range(3):
        item = asyncio.ensure_future(anext(sampled))
        await asyncio.sleep(0)  # never returns if the wait does not wait
        came.put_nowait(VoicedJob(Job("Chunk.", index), "a.wav"))
        assert (await item).job_index == index
        assert (await anext(sampled)).block is None
    await sampled.aclose()


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


def tone(num_samples, level=0.5):
    return np.full(num_samples, level, np.float32)


async def voices_asked_for(takes, num_voices=None):
    """Return the voice that each job without a voice of its own comes to the sampler with.

    `takes` are the items of the streams in the order in which they are opened.
    """
    given, left = [], iter(takes)

    def answer(job, voice):
        given.append(voice)
        return [
            PCMBlock(item, "fake", "cpu", 0.0) if isinstance(item, np.ndarray) else item
            for item in next(left)
        ]

    sampled = sample_in_order(
        FakeSampler(answer), jobs(num_voices or len(takes)), no_voices(), 4, lambda: None
    )
    async for _ in sampled:
        pass
    return given


async def test_first_job_runs_alone_and_its_audio_is_the_voice_of_all_others():
    sampler = FakeSampler(lambda job, voice: [PCMBlock(tone(ENOUGH_SAMPLES), "fake", "cpu", 0.0)])
    sampled = sample_in_order(sampler, jobs(6), no_voices(), 4, no_redraw)
    await anext(sampled)
    assert len(sampler.streams) == 1
    assert (await anext(sampled)).block is None
    await anext(sampled)
    assert len(sampler.streams) == 5
    await sampled.aclose()

    first, *others = await voices_asked_for([[tone(ENOUGH_SAMPLES)]] * 6)
    assert first is None
    assert {voice.key for voice in others} == {content_key(tone(ENOUGH_SAMPLES))}
    assert all(np.array_equal(voice.audio, tone(ENOUGH_SAMPLES)) for voice in others)


async def test_short_first_jobs_are_one_reference_together():
    short = ENOUGH_SAMPLES // 2
    takes = [[tone(short, 0.1)], [tone(short, 0.2)], [tone(9)], [tone(9)]]
    first, second, *others = await voices_asked_for(takes)
    assert first is None
    assert second.key == content_key(tone(short, 0.1))
    both = np.concatenate([tone(short, 0.1), tone(short, 0.2)])
    assert [voice.key for voice in others] == [content_key(both)] * 2


async def test_silent_first_job_gives_no_voice():
    first, second, third = await voices_asked_for(
        [[tone(ENOUGH_SAMPLES, 0.0)], [tone(ENOUGH_SAMPLES)], [tone(9)]]
    )
    assert first is second is None
    assert third.key == content_key(tone(ENOUGH_SAMPLES))


async def test_reference_is_bounded_and_within_full_scale():
    half = MAX_SAMPLES // 2 + 1
    _, voice = await voices_asked_for([[tone(half, 2.0), tone(half, 1.0)], [tone(9)]])
    assert voice.audio.shape == (MAX_SAMPLES,)
    assert voice.audio.max() == 1
    assert voice.audio[-1] == 0.5


async def test_redrawn_first_job_gives_the_same_voice():
    parts = [tone(ENOUGH_SAMPLES, 0.1), tone(ENOUGH_SAMPLES, 0.2)]
    takes = [[parts[0], SamplerLost("gone")], parts, [tone(9)]]
    first, again, voice = await voices_asked_for(takes, 2)
    assert first is again is None
    assert voice.key == content_key(np.concatenate(parts))


async def rehearse(takes, count):
    """Return the voices of a rehearsal and of the jobs after it, and what came of the jobs."""
    given, remaining = [], iter(takes)

    def answer(job, voice):
        given.append(voice)
        return [PCMBlock(pcm, "fake", "cpu", 0.0) for pcm in next(remaining)]

    rehearsed = [Job(f"Chunk {index}.", index) for index in range(count)]
    sampled = sample_in_order(
        FakeSampler(answer), jobs(count), no_voices(), 4, no_redraw, rehearsed
    )
    return given, [(index, block.pcm) async for index, block, _ in sampled if block is not None]


async def test_rehearsed_jobs_are_spoken_again_in_the_voice_they_gave():
    short = tone(ENOUGH_SAMPLES // 2)
    takes = [[short], [short], *([tone(number)] for number in (7, 8, 9))]
    given, heard = await rehearse(takes, 3)
    both = content_key(np.concatenate([short, short]))
    assert [voice and voice.key for voice in given] == [None, content_key(short), *[both] * 3]
    assert [(index, len(pcm)) for index, pcm in heard] == [(0, 7), (1, 8), (2, 9)]


async def test_rehearsal_of_little_speech_gives_the_voice_as_well():
    given, heard = await rehearse([[tone(900)], [tone(900)], [tone(7)], [tone(8)]], 2)
    assert len({voice.key for voice in given[2:]}) == 1
    assert len(given[2].audio) == 1800
    assert len(heard) == 2


async def test_rehearsal_that_fails_fails_the_request_and_is_cancelled():
    sampler = FakeSampler(lambda job, voice: [InternalError("no")])
    rehearsed = [Job("Chunk 0.", 0)]
    with pytest.raises(InternalError):
        await anext(sample_in_order(sampler, jobs(2), no_voices(), 4, no_redraw, rehearsed))
    assert [stream.cancelled for stream in sampler.streams] == [True]
