from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from engine.echo.block_ends import BlockEnds
from engine.echo.checkpoints.load import load_models
from engine.echo.codecs.dac.codec import S1DAC
from engine.echo.config import MAX_FRAMES, MAX_VOICE_FRAMES
from engine.echo.forward.plain import PlainForward
from engine.echo.job import make_job
from engine.echo.model.attention import Lane, LoopAttention
from engine.echo.model.dit import Positions
from engine.echo.runner import Runner
from engine.echo.sampling import FIRST_T
from engine.echo.sizes import TINY
from engine.echo.speakers import JobVoice, SpeakerCache
from engine.echo.speech_end import retake_seed
from engine.protocol import Job
from speech.errors import InternalError, InvalidRequest
from speech.pcm import FRAME_SAMPLES
from tests.engine.echo.jobs import BLOCKS, new_job, run, run_to_any_end, voice_audio
from tests.engine.echo.reference import relative_error


def _stand_still(models):
    """Make the transformer stand still: what it draws is its noise."""
    models.dit.out_proj.weight.zero_()
    models.dit.out_proj.bias.zero_()


def _block_frames(job):
    return [block.num_frames for block in job.progress.plan.blocks]


@pytest.mark.slow
def test_jobs_together_sound_as_they_do_alone(runner):
    def jobs():
        return [
            new_job(1, sequence_length=40, voice="v"),
            new_job(2, num_steps=3, text="a longer text"),
            new_job(3, voice="v", stream=True, sequence_length=70),
        ]

    alone = [run(runner, job)[0] for job in jobs()]
    for together, expected in zip(run(runner, *jobs()), alone, strict=True):
        np.testing.assert_allclose(np.concatenate(together), np.concatenate(expected), atol=1e-4)
    assert [len(pieces) for pieces in alone] == [1, 1, 2]
    assert np.abs(alone[0][0][: len(alone[1][0])] - alone[1][0]).max() > 0.01


def test_text_is_read_in_the_way_of_the_steps(models):
    forward = PlainForward(models.dit)
    forward.text_context = lambda tokens: models.dit.text_context(tokens.flip(0))
    ours, expected = (
        run(Runner(models, SpeakerCache(0, 0), each), new_job(1))[0][0]
        for each in (forward, PlainForward(models.dit))
    )
    assert not np.array_equal(ours, expected)


def test_job_that_is_timed_reads_its_earlier_latents_as_any_other(models):
    class Counted(PlainForward):
        num_read = 0

        def latent_context(self, latents, /):
            self.num_read += 1
            return super().latent_context(latents)

    def num_read(**timed):
        forward = Counted(models.dit)
        job = Job("hello", 0, {"num_steps": 1, "sequence_length": 96}, stream=True, **timed)
        job = make_job(job, TINY, (32,), torch.float32, has_voice=False)
        run(Runner(models, SpeakerCache(0, 0), forward, alignment_heads=[(0, 0)]), job)
        return forward.num_read

    assert num_read(timestamps=True) == num_read() == 2


def test_voice_is_encoded_once_whatever_happens_to_its_keys_and_values(models):
    runner = Runner(models, SpeakerCache(2**20, 0))  # the device keeps none
    first, second = run(runner, new_job(1, voice="v"), new_job(1, voice="v"))
    again = new_job(1, voice="v")
    again.voice.audio = None
    [third] = run(runner, again)
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_allclose(first[0], third[0], atol=1e-5)
    assert runner.totals["speaker_cache_misses"] == 1
    assert runner.totals["speaker_cache_hits"] == 2


def test_every_voice_keeps_its_own_keys_and_values(runner):
    def speak(voice):
        job = new_job(1, voice=voice)
        if runner._speakers.holds(voice):
            job.voice.audio = None
        return run(runner, job)[0][0]

    first, other, first_again, other_again = (speak(voice) for voice in "abab")
    np.testing.assert_array_equal(first_again, first)
    np.testing.assert_array_equal(other_again, other)
    assert np.abs(first - other).max() > 1e-3


def test_voice_reaches_the_encoder_as_it_is(mini_weights):
    models = load_models(mini_weights, torch.device("cpu"), torch.float32, blockwise=True)
    cache = SpeakerCache(2**20, 2**20)
    run(Runner(models, cache), new_job(voice="v"))
    with torch.inference_mode():  # its codec does not round: what is softer is heard as softer
        latents = models.codec.encode(torch.from_numpy(voice_audio("v").copy()))
        expected = models.dit.speaker_state(latents)
    assert relative_error(cache.state("v"), expected) < 1e-6


def test_job_that_has_started_holds_no_more_of_its_voice_than_it_reads(runner):
    job = new_job(voice="v")
    runner.run([job])
    assert job.trajectory is not None
    assert job.voice == JobVoice("v")


def test_voice_in_cache_skips_both_encoders(runner, models, monkeypatch):
    run(runner, new_job(voice="v"))

    def fail(*_):
        raise AssertionError

    monkeypatch.setattr(models.codec, "encode", fail)
    monkeypatch.setattr(models.dit.speaker_encoder, "forward", fail)
    [pieces] = run(runner, new_job(voice="v"))
    assert len(pieces[0]) == 32 * FRAME_SAMPLES


def test_new_voice_is_encoded_piece_by_piece_while_the_others_take_their_steps(
    runner, models, monkeypatch
):
    encode, sizes = models.codec.encode, []

    def noted(audio):
        sizes.append(len(audio) // FRAME_SAMPLES)
        return encode(audio)

    monkeypatch.setattr(models.codec, "encode", noted)
    monkeypatch.setattr(S1DAC, "window_frames", 8)
    fresh, other = new_job(voice="v"), new_job(num_steps=9)
    for heard in ([8], [8, 8], [8, 8, 4]):
        assert (fresh.lane_frames, fresh.trajectory) == (0, None)
        assert runner.run([fresh, other]) == []
        assert sizes == heard
    assert (fresh.progress.step, other.progress.step) == (0, 3)
    assert fresh.lane_frames == 3 * 32
    runner.run([fresh, other])
    assert fresh.progress.step == 1
    [whole] = torch.from_numpy(voice_audio("v").copy()).split(20 * FRAME_SAMPLES)
    state = models.dit.speaker_state(S1DAC.encode(models.codec, whole))
    assert relative_error(fresh.trajectory.speaker, models.dit.speaker_context(state)) < 1e-5


@pytest.mark.parametrize(
    ("num_frames", "pieces"), [(4, [4]), (7.5, [4]), (643, [640]), (1286, [640, 640, 4])]
)
def test_new_voice_is_cut_where_the_codec_cuts_it(runner, models, monkeypatch, num_frames, pieces):
    sizes = []

    def noted(audio):
        sizes.append(len(audio) / FRAME_SAMPLES)
        return torch.zeros(len(audio) // FRAME_SAMPLES, 80)

    monkeypatch.setattr(models.codec, "encode", noted)
    job = new_job(voice="v")
    job.voice.audio = np.zeros(int(num_frames * FRAME_SAMPLES), np.float32)
    run(runner, job)
    assert sizes == pieces


@pytest.mark.parametrize(
    ("max_frames", "pieces"), [(MAX_VOICE_FRAMES, [640] * 10), (1000, [640, 360]), (41, [40])]
)
def test_voice_longer_than_the_model_hears_is_cut(models, monkeypatch, max_frames, pieces):
    config = replace(models.config, max_voice_frames=max_frames)
    runner = Runner(replace(models, config=config), SpeakerCache(0, 0))
    sizes = []

    def noted(audio):
        sizes.append(len(audio) // FRAME_SAMPLES)
        return torch.zeros(4, 80)

    monkeypatch.setattr(models.codec, "encode", noted)
    job = new_job(voice="v")
    job.voice.audio = np.zeros((MAX_VOICE_FRAMES + 9) * FRAME_SAMPLES, np.float32)
    run(runner, job)
    assert sizes == pieces


def test_new_voices_are_encoded_one_after_another_and_whoever_shares_one_starts_with_it(
    runner, monkeypatch
):
    monkeypatch.setattr(S1DAC, "window_frames", 12)  # two pieces each
    jobs = [new_job(seed, voice=voice, num_steps=9) for seed, voice in enumerate("aaba")]
    steps = []
    for _ in range(6):
        assert runner.run(jobs) == []
        steps.append([job.progress.step for job in jobs])
    # "a" is encoded in the first two ticks, "b" in the two after them.
    assert steps == [[n, n, max(n - 2, 0), n] for n in (0, 0, 1, 2, 3, 4)]
    assert runner.totals["speaker_cache_misses"] == 2
    assert runner.totals["speaker_cache_hits"] == 2


def test_voice_is_encoded_by_the_next_who_wants_it_if_the_first_gives_up(runner, monkeypatch):
    monkeypatch.setattr(S1DAC, "window_frames", 12)
    given_up, second = new_job(voice="v"), new_job(voice="v")
    runner.run([given_up, second])
    [pieces] = run(runner, second)
    [expected] = run(runner, new_job(voice="v"))
    np.testing.assert_allclose(pieces[0], expected[0], atol=1e-5)


@pytest.mark.parametrize("num_samples", [1, 3 * FRAME_SAMPLES, 4 * FRAME_SAMPLES])
def test_voice_shorter_than_a_patch_is_heard_with_silence(runner, num_samples):
    job = new_job(voice="short")
    job.voice.audio = voice_audio("short")[:num_samples]
    [pieces] = run(runner, job)
    assert np.isfinite(pieces[0]).all()


def test_failing_voice_fails_its_job_alone(runner):
    broken = new_job(voice="broken")
    broken.voice.audio = None
    error, pieces = run_to_any_end(runner, broken, new_job())
    assert isinstance(error, InternalError)
    assert error.message == "The engine failed on this text"
    assert len(pieces[0]) == 32 * FRAME_SAMPLES


def test_audio_that_is_not_finite_fails_its_job_alone(runner, models, monkeypatch, caplog):
    decode = models.codec.decode

    def poison(latents):
        return decode(latents) * (1 if len(latents) > 40 else torch.nan)

    monkeypatch.setattr(models.codec, "decode", poison)
    jobs = new_job(1, sequence_length=32), new_job(2, sequence_length=64)
    error, pieces = run_to_any_end(runner, *jobs)
    assert isinstance(error, InternalError)
    assert np.isfinite(pieces[0]).all()
    assert f"request {jobs[0].request_id}" in caplog.text


def test_speech_errors_reach_the_caller_as_they_are(runner, models, monkeypatch):
    def refuse(_):
        raise InvalidRequest("no such language")

    monkeypatch.setattr(models.dit, "text_context", refuse)
    [error] = run_to_any_end(runner, new_job())
    assert error.message == "no such language"


@pytest.mark.slow
def test_automatic_length_is_drawn_again_until_nothing_is_cut(runner, models):
    _stand_still(models)  # noise all the way: no end in sight
    short = new_job(7, sequence_length="auto", cfg_max_t=0.5)
    assert short.progress.num_frames < 100
    full = new_job(7, sequence_length=MAX_FRAMES, cfg_max_t=0.5)
    [first], [second] = run(runner, short, full)
    np.testing.assert_allclose(first, second, atol=1e-5)


@torch.inference_mode()
def test_automatic_length_is_drawn_again_from_the_same_noise(runner, models):
    _stand_still(models)
    job = new_job(7, sequence_length="auto", cfg_max_t=0.5)
    short = job.progress.num_frames
    runner.run([job])
    first = job.trajectory.x
    while job.may_extend:
        runner.run([job])
    runner.run([job])
    assert len(first) == short < len(job.trajectory.x) == MAX_FRAMES
    assert torch.equal(job.trajectory.x[:short], first)


@pytest.mark.parametrize(("num_quiet", "drawn_again"), [(19, True), (20, False)])
@torch.inference_mode()
def test_automatic_length_is_enough_if_all_of_the_end_is_there(
    runner, models, monkeypatch, num_quiet, drawn_again
):
    job = new_job(7, sequence_length="auto", num_steps=1, cfg_max_t=0.5)
    short = job.progress.num_frames
    speech = torch.randn((MAX_FRAMES, 80), generator=torch.Generator().manual_seed(0))
    speech[short - num_quiet : short] = 0
    monkeypatch.setattr(models.dit, "forward", lambda x, *_: (x - speech[: len(x)]) / FIRST_T)
    [pieces] = run(runner, job)
    kept = MAX_FRAMES if drawn_again else short - num_quiet
    assert len(pieces[0]) == kept * FRAME_SAMPLES


def test_automatic_length_that_was_enough_is_kept(runner, models):
    _stand_still(models)
    job = new_job(sequence_length="auto", truncation_factor=0.0)
    [pieces] = run(runner, job)
    assert _block_frames(job) != [MAX_FRAMES]
    assert len(pieces[0]) == 0


TEN = "One two three four five six seven eight nine ten."  # 36 frames are not too early


@pytest.mark.parametrize(
    ("text", "ends", "kept"),
    [
        (TEN, (10, 0, 5), 10),
        (TEN, (0, 64, 10), 64),
        (TEN, (0, 40), 40),
        ("Yes.", (64, 0, 0), 64),  # a word is never too short, but heard
    ],
)
@torch.inference_mode()
def test_last_of_faulty_takes_gives_way_to_a_better_one(
    runner, models, monkeypatch, text, ends, kept
):
    takes = iter(ends)

    def straight_to_a_take(x, *_):
        speech = torch.randn((len(x), 80), generator=torch.Generator().manual_seed(0))
        speech[next(takes) :] = 0
        return (x - speech) / FIRST_T

    monkeypatch.setattr(models.dit, "forward", straight_to_a_take)
    job = new_job(7, text=text, num_steps=1, cfg_max_t=0.5, sequence_length=64, max_retakes=2)
    [[pcm]] = run(runner, job)
    assert len(pcm) == kept * FRAME_SAMPLES
    assert runner.totals["retakes"] == len(ends) - 1


def test_text_attention_is_that_of_the_take_that_is_heard(models, monkeypatch):
    finish, runner = BlockEnds.finish, Runner(models, SpeakerCache(0, 0), None, [(0, 0)])

    def attention(seed, *ends):
        """Return the result of a job whose takes end there."""
        job = Job(TEN, seed, {"num_steps": 1, "sequence_length": 64}, timestamps=True)
        job = make_job(job, TINY, (), torch.float32, has_voice=False)
        job.retakes_left = len(ends) - 1
        takes = iter(ends)

        def fall_silent(ends, ended, others, results):
            job.drawn.latents[next(takes) :] = 0
            finish(ends, ended, others, results)

        monkeypatch.setattr(BlockEnds, "finish", fall_silent)
        while not (results := runner.run([job])):
            pass
        return results[0][1].text_attention

    second = attention(7, 0, 20)
    assert second.shape[0] == 20
    np.testing.assert_array_equal(second, attention(retake_seed(7), 20))


def test_stream_is_silent_only_if_all_of_it_is(runner, models, monkeypatch):
    decode, levels = models.codec.decode_next, iter((1, 0))
    monkeypatch.setattr(models.codec, "decode_next", lambda *given: decode(*given) * next(levels))
    job = new_job(stream=True, num_steps=1, sequence_length=64, max_retakes=2)
    faults = [result.fault for _ in range(2) for _, result in runner.run([job])]
    assert faults == [None, "cut"]


def test_streaming_stops_where_the_speech_has_ended(runner, models):
    _stand_still(models)
    [pieces] = run(runner, new_job(stream=True, truncation_factor=0.0, sequence_length=640))
    assert [len(piece) for piece in pieces] == [0]
    assert runner.totals["lane_frames"] == 2 * 32 + 32  # one block of two steps
    assert runner.totals["steps"] == 2


@pytest.mark.parametrize(
    ("end", "sent", "level"), [(40, [32, 8], 0), (30, [30], 0), (32, [32], 0), (40, [27, 13], 0.5)]
)
@torch.inference_mode()
def test_streaming_sends_nothing_from_beyond_the_end(runner, models, monkeypatch, end, sent, level):
    speech = torch.randn((640, 80), generator=torch.Generator().manual_seed(0))
    speech[end:] = 0
    if level:  # as even as an end, as far as the first block tells
        speech[27:32] = level
    starts = iter((0, 32))  # a third block would be one too many

    def straight_to_the_speech(x, *_):
        start = next(starts)
        return (x - speech[start : start + len(x)]) / 0.999

    monkeypatch.setattr(models.dit, "forward", straight_to_the_speech)
    job = new_job(stream=True, num_steps=1, cfg_max_t=0.5, sequence_length=640)
    [pieces] = run(runner, job)
    assert [len(piece) // FRAME_SAMPLES for piece in pieces] == sent
    whole = models.codec.decode(speech[:end]).numpy()
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-4)


@torch.inference_mode()
def test_streaming_pieces_join_to_the_decoded_blocks(runner, models):
    job = new_job(5, stream=True, voice="v", sequence_length=150)
    [pieces] = run(runner, job)
    whole = models.codec.decode(job.trajectory.latents).numpy()
    assert [len(piece) // FRAME_SAMPLES for piece in pieces] == [32, 118]
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-4)


@torch.inference_mode()
def test_stream_with_fewer_first_steps_equals_a_loop_by_hand_to_the_bit(runner, models):
    job = new_job(5, stream=True, num_steps=5, stream_steps=[2, 5], sequence_length=96)
    run(runner, job)
    dit, latents = models.dit, torch.empty(0, 80)
    generator, text = torch.Generator().manual_seed(5), dit.text_context(torch.tensor(job.tokens))
    for num_frames, num_steps in ((32, 2), (64, 5)):
        earlier = [dit.latent_context(latents)] if len(latents) else []
        rotation = dit.rotation(len(latents), len(latents) + num_frames)
        x = torch.randn((num_frames, 80), generator=generator)
        for t, t_next in pairwise(torch.linspace(1.0, 0.0, num_steps + 1) * 0.999):
            lanes = [Lane(num_frames, (*earlier, text)), Lane(num_frames, tuple(earlier))]
            lanes = lanes if t >= 0.5 else lanes[:1]
            rotations = torch.cat([rotation] * len(lanes))
            positions = Positions(rotations, dit.modulation(t.item())[None], None)
            v, *no_text = dit(torch.cat([x] * len(lanes)), positions, LoopAttention(lanes)).split(
                num_frames
            )
            for other in no_text:
                v = v + 3.0 * (v - other)
            x = x + v * (t_next - t)
        latents = torch.cat([latents, x])
    assert torch.equal(job.trajectory.latents, latents)


def test_streaming_without_the_weights_for_it_answers_whole(tiny_weights):
    models = load_models(tiny_weights, torch.device("cpu"), torch.float32, blockwise=False)
    job = Job("hi", 0, {"num_steps": 1, "sequence_length": 64}, stream=True)
    job = make_job(job, TINY, (), torch.float32, has_voice=False)
    assert not job.streams
    [pieces] = run(Runner(models, SpeakerCache(0, 0)), job)
    assert [len(piece) for piece in pieces] == [64 * FRAME_SAMPLES]


@pytest.mark.parametrize(
    ("num_bytes", "blocks"),
    [(80, (32, 128, 32, 32, 128, 288)), (300, (32, 128, 448, 32)), (400, (32, 128, 480))],
)
def test_streaming_automatic_length_draws_the_likely_end_first_and_keeps_a_reserve(
    num_bytes, blocks
):
    job = new_job(stream=True, sequence_length="auto", text="x" * num_bytes)
    assert _block_frames(job) == list(blocks)
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
    job = make_job(job, TINY, sizes, torch.float32, has_voice=False)
    assert _block_frames(job) == list(blocks)
