import numpy as np
import pytest
import torch

from engine.echo.checkpoint import load_models
from engine.echo.config import MAX_FRAMES, TINY
from engine.echo.job import make_job
from engine.echo.runner import OUT_OF_MEMORY, Runner
from engine.echo.speaker_cache import SpeakerCache
from engine.protocol import Job
from speech.errors import InternalError, InvalidRequest
from speech.pcm import FRAME_SAMPLES

VOICE = (0.1 * np.random.default_rng(0).standard_normal(20 * FRAME_SAMPLES)).astype(np.float32)
VOICE.flags.writeable = False
BLOCKS = (32, 128, 480)


@pytest.fixture
def models(tiny_weights):
    return load_models(tiny_weights, torch.device("cpu"), torch.float32, blockwise=True)


@pytest.fixture
def runner(models):
    return Runner(models, SpeakerCache(2**20, 2**20))


def _job(seed=0, *, text="hello", voice=None, stream=False, **parameters):
    parameters = {"num_steps": 2, "sequence_length": 32} | parameters
    job = make_job(Job(text, seed, parameters, stream), voice, TINY, BLOCKS, torch.float32)
    job.reference = None if voice is None else VOICE
    return job


def _run(runner, *jobs):
    """Run `jobs` to their ends; return each one's PCM, in pieces, or its error."""
    results = {id(job): [] for job in jobs}
    active = list(jobs)
    while active:
        for job, outcome in runner.run(active):
            if outcome.error is not None:
                results[id(job)] = outcome.error
            elif outcome.pcm is not None:
                results[id(job)].append(outcome.pcm)
            if outcome.ended or outcome.error is not None:
                active.remove(job)
    return list(results.values())


def _stand_still(models):
    """Make the transformer stand still: what it draws is its noise."""
    models.dit.out_proj.weight.zero_()
    models.dit.out_proj.bias.zero_()


def test_jobs_together_sound_as_they_do_alone(runner):
    def jobs():
        return [
            _job(1, sequence_length=40, voice="v"),
            _job(2, num_steps=3, text="a longer text"),
            _job(3, voice="v", stream=True, sequence_length=70),
        ]

    alone = [_run(runner, job)[0] for job in jobs()]
    for together, expected in zip(_run(runner, *jobs()), alone, strict=True):
        np.testing.assert_allclose(np.concatenate(together), np.concatenate(expected), atol=1e-4)
    assert [len(pieces) for pieces in alone] == [1, 1, 2]
    assert np.abs(alone[0][0][: len(alone[1][0])] - alone[1][0]).max() > 0.01


def test_voice_is_encoded_once_whatever_happens_to_its_keys_and_values(models):
    runner = Runner(models, SpeakerCache(2**20, 0))  # the device keeps none
    first, second = _run(runner, _job(1, voice="v"), _job(1, voice="v"))
    again = _job(1, voice="v")
    again.reference = None
    [third] = _run(runner, again)
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_allclose(first[0], third[0], atol=1e-5)
    assert runner.totals["speaker_cache_misses"] == 1
    assert runner.totals["speaker_cache_hits"] == 2


def test_voice_in_cache_skips_both_encoders(runner, models, monkeypatch):
    _run(runner, _job(voice="v"))

    def fail(*_):
        raise AssertionError

    monkeypatch.setattr(models.codec, "encode", fail)
    monkeypatch.setattr(models.dit.speaker_encoder, "forward", fail)
    [pieces] = _run(runner, _job(voice="v"))
    assert len(pieces[0]) == 32 * FRAME_SAMPLES


@pytest.mark.parametrize("num_samples", [1, 3 * FRAME_SAMPLES, 4 * FRAME_SAMPLES])
def test_voice_shorter_than_a_patch_is_heard_with_silence(runner, num_samples):
    job = _job(voice="short")
    job.reference = VOICE[:num_samples]
    [pieces] = _run(runner, job)
    assert np.isfinite(pieces[0]).all()


def test_failing_voice_fails_its_job_alone(runner):
    broken = _job(voice="broken")
    broken.reference = None
    error, pieces = _run(runner, broken, _job())
    assert isinstance(error, InternalError)
    assert error.message == "The engine failed on this text"
    assert len(pieces[0]) == 32 * FRAME_SAMPLES


def test_speech_errors_reach_the_caller_as_they_are(runner, models, monkeypatch):
    def refuse(_):
        raise InvalidRequest("no such language")

    monkeypatch.setattr(models.dit, "text_context", refuse)
    [error] = _run(runner, _job())
    assert error.message == "no such language"


def test_memory_that_does_not_do_for_all_does_for_each(runner, models, monkeypatch):
    forward, sizes = models.dit.forward, []

    def limited(x, *rest):
        sizes.append(len(x))
        if len(x) > 100:
            raise torch.OutOfMemoryError
        return forward(x, *rest)

    monkeypatch.setattr(models.dit, "forward", limited)
    fine, too_large = _run(runner, _job(), _job(sequence_length=200))
    assert len(fine[0]) == 32 * FRAME_SAMPLES
    assert too_large.message == OUT_OF_MEMORY
    assert sizes == [64 + 400, 64, 400, 32]


def test_decode_that_does_not_do_for_all_does_for_each(runner, models, monkeypatch):
    decode = models.codec.decode

    def limited(latents):
        if sum(map(len, latents)) > 32:
            raise torch.OutOfMemoryError
        return decode(latents)

    monkeypatch.setattr(models.codec, "decode", limited)
    first, second, too_large = _run(runner, _job(1), _job(2), _job(sequence_length=40))
    assert len(first[0]) == len(second[0]) == 32 * FRAME_SAMPLES
    assert too_large.message == OUT_OF_MEMORY


def test_automatic_length_is_drawn_again_until_nothing_is_cut(runner, models):
    _stand_still(models)  # noise all the way: no end in sight
    short = _job(7, sequence_length="auto", cfg_max_t=0.5)
    assert short.progress.num_frames < 100
    full = _job(7, sequence_length=MAX_FRAMES, cfg_max_t=0.5)
    [first], [second] = _run(runner, short, full)
    np.testing.assert_allclose(first, second, atol=1e-5)


@torch.inference_mode()
def test_automatic_length_is_drawn_again_from_the_same_noise(runner, models):
    _stand_still(models)
    job = _job(7, sequence_length="auto", cfg_max_t=0.5)
    short = job.progress.num_frames
    runner.run([job])
    first = job.trajectory.x
    while job.may_extend:
        runner.run([job])
    runner.run([job])
    assert len(first) == short < len(job.trajectory.x) == MAX_FRAMES
    assert torch.equal(job.trajectory.x[:short], first)


def test_automatic_length_that_was_enough_is_kept(runner, models):
    _stand_still(models)
    job = _job(sequence_length="auto", truncation_factor=0.0)
    [pieces] = _run(runner, job)
    assert job.progress.plan.blocks != (MAX_FRAMES,)
    assert len(pieces[0]) == 0


def test_streaming_stops_where_the_speech_has_ended(runner, models):
    _stand_still(models)
    [pieces] = _run(runner, _job(stream=True, truncation_factor=0.0, sequence_length=640))
    assert [len(piece) for piece in pieces] == [0]
    assert runner.totals["lane_frames"] == 2 * 32 + 32  # one block of two steps
    assert runner.totals["steps"] == 2


@pytest.mark.parametrize(("end", "sent"), [(40, [32, 8]), (30, [30]), (32, [32])])
@torch.inference_mode()
def test_streaming_sends_nothing_from_beyond_the_end(runner, models, monkeypatch, end, sent):
    speech = torch.randn((640, 80), generator=torch.Generator().manual_seed(0))
    speech[end:] = 0
    starts = iter((0, 32))  # a third block would be one too many

    def straight_to_the_speech(x, *_):
        start = next(starts)
        return (x - speech[start : start + len(x)]) / 0.999

    monkeypatch.setattr(models.dit, "forward", straight_to_the_speech)
    job = _job(stream=True, num_steps=1, cfg_max_t=0.5, sequence_length=640)
    [pieces] = _run(runner, job)
    assert [len(piece) // FRAME_SAMPLES for piece in pieces] == sent
    whole = models.codec.decode([speech[:end]])[0].numpy()
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-4)


@torch.inference_mode()
def test_streaming_pieces_join_to_the_decoded_blocks(runner, models):
    job = _job(5, stream=True, voice="v", sequence_length=150)
    [pieces] = _run(runner, job)
    whole = models.codec.decode([job.trajectory.latents])[0].numpy()
    assert [len(piece) // FRAME_SAMPLES for piece in pieces] == [32, 118]
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-4)


def test_streaming_without_the_weights_for_it_answers_whole(tiny_weights):
    models = load_models(tiny_weights, torch.device("cpu"), torch.float32, blockwise=False)
    job = Job("hi", 0, {"num_steps": 1, "sequence_length": 64}, stream=True)
    job = make_job(job, None, TINY, (), torch.float32)
    assert not job.streams
    [pieces] = _run(Runner(models, SpeakerCache(0, 0)), job)
    assert [len(piece) for piece in pieces] == [64 * FRAME_SAMPLES]


@pytest.mark.parametrize(
    ("num_bytes", "blocks"),
    [(80, (32, 128, 32, 32, 128, 288)), (300, (32, 128, 448, 32)), (400, (32, 128, 480))],
)
def test_streaming_automatic_length_draws_the_likely_end_first_and_keeps_a_reserve(
    num_bytes, blocks
):
    job = _job(stream=True, sequence_length="auto", text="x" * num_bytes)
    assert job.progress.plan.blocks == blocks
    assert not job.may_extend


@pytest.mark.parametrize(
    ("num_frames", "sizes", "blocks"),
    [
        (32, BLOCKS, (32,)),
        (63, BLOCKS, (63,)),
        (64, BLOCKS, (32, 32)),
        (159, BLOCKS, (32, 127)),
        (620, BLOCKS, (32, 128, 460)),
        (640, BLOCKS, (32, 128, 480)),
        (640, (640,), (640,)),
        (100, (8,), (8,) * 8 + (36,)),
        (200, (40, 60), (40, 60, 60, 40)),
    ],
)
def test_streaming_blocks_add_up_and_none_is_tiny(num_frames, sizes, blocks):
    job = Job("hi", 0, {"sequence_length": num_frames}, stream=True)
    assert make_job(job, None, TINY, sizes, torch.float32).progress.plan.blocks == blocks
