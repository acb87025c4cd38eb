"""Blocks that end beside other jobs' steps, on a device whose copies take their time."""

import random

import numpy as np
import pytest
import torch

from engine.echo import block_ends, end_search, speakers
from engine.echo.checkpoints.load import load_models
from engine.echo.codecs.dac.codec import S1DAC
from engine.echo.runner import Runner
from engine.echo.side_queue import SideQueue
from engine.echo.speakers import SpeakerCache
from engine.echo.transfer import Download
from tests.engine.echo.jobs import new_job, run

pytestmark = pytest.mark.slow


class Late(Download):
    """A copy that holds nonsense until it is waited for, and is complete after some polls."""

    chance = random.Random(0)

    def __init__(self, values):
        super().__init__(values)
        self._values = self.unfinished.clone()
        self._polls = self.chance.randint(0, 3)
        self.unfinished.fill_(1)

    def is_done(self):
        self._polls -= 1
        return self._polls < 0

    def wait(self):
        self.unfinished.copy_(self._values)
        return super().wait()


@pytest.fixture
def late(monkeypatch):
    for module in (block_ends, end_search):
        monkeypatch.setattr(module, "Download", Late)
    # In turn, the cache holds an unfinished copy on purpose.
    encoder = speakers.SpeakerEncoder.encode_window

    def encode_window(self, voice, *, wait):
        with pytest.MonkeyPatch.context() as patch:
            if self._side.overlaps:
                patch.setattr(speakers, "Download", Late)
            return encoder(self, voice, wait=wait)

    monkeypatch.setattr(speakers.SpeakerEncoder, "encode_window", encode_window)


def _overlapping(models):
    return Runner(models, SpeakerCache(2**20, 2**20), overlaps=True)


def _jobs():
    """Return jobs that end at unlike times, in one piece and in several."""
    return [
        new_job(1, num_steps=3, sequence_length=40, voice="v"),
        new_job(2, stream=True, num_steps=2, sequence_length=96),
        new_job(3, stream=True, num_steps=3, stream_steps=[1, 3], sequence_length=200, voice="v"),
        new_job(4, num_steps=5, sequence_length="auto", text="a few words"),
        new_job(5, num_steps=2, sequence_length=64, max_retakes=2),
    ]


@pytest.fixture(scope="module")
def in_turn(tiny_weights):
    """The audio of `_jobs` by a runner that does one thing after the other."""
    models = load_models(tiny_weights, torch.device("cpu"), torch.float32, blockwise=True)
    return run(Runner(models, SpeakerCache(2**20, 2**20)), *_jobs())


@pytest.mark.parametrize("seed", range(3))
def test_jobs_that_end_beside_others_sound_as_they_do_in_turn(in_turn, models, late, seed):
    Late.chance.seed(seed)
    ours = run(_overlapping(models), *_jobs())
    for pieces, theirs in zip(ours, in_turn, strict=True):
        assert list(map(len, pieces)) == list(map(len, theirs))
        np.testing.assert_allclose(np.concatenate(pieces), np.concatenate(theirs), atol=1e-4)


def test_host_waits_for_a_block_only_when_the_next_step_is_issued(models, monkeypatch):
    happened, runner = [], _overlapping(models)
    step, wait, decode = runner._step, end_search.EndSearch.wait, models.codec.decode

    def noted(name, action):
        return lambda *args: happened.append(name) or action(*args)

    monkeypatch.setattr(runner, "_step", noted("step", step))
    monkeypatch.setattr(end_search.EndSearch, "wait", noted("wait", wait))
    monkeypatch.setattr(models.codec, "decode", noted("decode", decode))
    short, long = new_job(1, num_steps=1), new_job(2, num_steps=3)
    assert runner.run([short, long]) == []
    assert short.lane_frames == 0
    [(job, result)] = runner.run([short, long])
    assert (job, result.ended) == (short, True)
    assert happened == ["step", "step", "wait", "decode"]


def test_voice_is_encoded_beside_the_steps_of_others(models, late, monkeypatch):
    monkeypatch.setattr(S1DAC, "window_frames", 8)
    monkeypatch.setattr(Late, "is_done", lambda self: False)
    runner, fresh, other = _overlapping(models), new_job(1, voice="v"), new_job(2, num_steps=4)
    for _ in range(3):
        assert runner.run([fresh, other]) == []
        assert len(fresh.voice.latents) == 1  # the next window waits for the one before
    monkeypatch.setattr(Late, "is_done", lambda self: True)
    [pieces] = run(runner, fresh)
    [expected] = run(Runner(models, SpeakerCache(2**20, 2**20)), new_job(1, voice="v"))
    np.testing.assert_allclose(pieces[0], expected[0], atol=1e-4)


def test_job_with_nothing_beside_it_ends_in_its_last_tick(models, late):
    runner, job = _overlapping(models), new_job(1, num_steps=2)
    assert runner.run([job]) == []
    [(_, result)] = runner.run([job])
    assert result.ended


def test_job_that_ends_beside_one_that_fails_ends_in_its_last_tick(models, monkeypatch):
    forward = models.dit.forward

    def limited(x, *rest):
        if len(x) > 64:
            raise torch.OutOfMemoryError
        return forward(x, *rest)

    monkeypatch.setattr(models.dit, "forward", limited)
    ends, fails = new_job(1, num_steps=1), new_job(2, num_steps=3, sequence_length=64)
    results = _overlapping(models).run([ends, fails])
    assert [(job, result.ended) for job, result in results] == [(fails, False), (ends, True)]


def test_audio_is_handed_out_in_order_and_once_it_is_there(models, late, monkeypatch):
    monkeypatch.setattr(Late, "is_done", lambda self: False)  # as long as another job has a step
    runner = _overlapping(models)
    stream = new_job(2, stream=True, num_steps=1, sequence_length=96)
    other = new_job(3, num_steps=6, sequence_length=32)
    results = [runner.run([stream, other]) for _ in range(5)]
    assert results == [[]] * 5
    results = runner.run([stream, other])
    assert [job for job, _ in results] == [stream, stream, other]
    assert [len(result.pcm) // 2048 for _, result in results] == [32, 64, 32]


def test_job_that_nobody_waits_for_is_forgotten(models, late):
    runner = _overlapping(models)
    given_up, other = new_job(1, num_steps=1), new_job(2, num_steps=2)
    runner.run([given_up, other])
    given_up.is_over = True
    [(job, _)] = runner.run([other])
    assert job is other
    assert not runner._ends._searches
    assert not runner._ends._decodings


def test_job_that_fails_while_it_ends_fails_alone(models, late, monkeypatch):
    decode = models.codec.decode

    def fail_on_long(latents):
        if len(latents) > 40:
            raise torch.OutOfMemoryError
        return decode(latents)

    monkeypatch.setattr(models.codec, "decode", fail_on_long)
    runner, errors, ended = _overlapping(models), [], []
    jobs = [new_job(1, num_steps=1, sequence_length=64), new_job(2, num_steps=3)]
    active = list(jobs)
    while active:
        for job, result in runner.run(active):
            (ended if result.error is None else errors).append(job)
            active.remove(job)
    assert (errors, ended) == ([jobs[0]], [jobs[1]])


def test_a_cpu_has_one_queue():
    values = torch.zeros(3)
    with SideQueue(torch.device("cpu"), overlaps=True).beside(values):
        values += 1
    assert values.tolist() == [1, 1, 1]
