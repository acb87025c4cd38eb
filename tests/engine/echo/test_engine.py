import asyncio
import random
import threading
from contextlib import aclosing, contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from engine import ENGINES, create_engine
from engine.echo.block_ends import BlockEnds
from engine.echo.checkpoints.folder import CheckpointError
from engine.echo.checkpoints.published import CODEC, DIT, PCA
from engine.echo.engine import EchoEngine
from engine.echo.options import EchoOptions
from engine.echo.sizes import TINY
from engine.protocol import Job, Voice
from speech.errors import InternalError, InvalidRequest, NotReady, Overloaded, VoiceLost
from speech.pcm import FRAME_SAMPLES, SAMPLE_RATE_HZ
from tests.engine.echo.jobs import voice_audio
from tests.engine.echo.reference import (
    build_autoencoder,
    build_dit,
    inference,
    relative_error,
)


@contextmanager
def _engine(tiny_weights, max_waiting_jobs=256, **options):
    options = EchoOptions(weights_dir=str(tiny_weights), device="cpu", **options)
    engine = EchoEngine(options, max_waiting_jobs)
    try:
        yield engine
    finally:
        engine.close()


@pytest.fixture
def engine(tiny_weights):
    with _engine(tiny_weights) as engine:
        yield engine


def _voice(key="v", loads=None):
    async def load():
        if loads is not None:
            loads.append(key)
        return voice_audio(key)

    return Voice(key, load)


def _job(seed=0, stream=False, text="hello", **parameters):
    given = {"num_steps": 2, "sequence_length": 32} | parameters
    return Job(text, seed, given, stream)


async def _speak(engine, job, voice=None):
    async with aclosing(engine.generate(job, voice, lambda: None)) as parts:
        return np.concatenate([part.pcm async for part in parts])


async def test_engine_is_the_one_that_the_list_names(tiny_weights):
    engine = create_engine("echo", EchoOptions(weights_dir=str(tiny_weights), device="cpu"), 1)
    assert isinstance(engine, EchoEngine)
    assert (engine.name, engine.device) == ("echo-tiny", "cpu")
    assert ENGINES["echo"].uses_gpu
    engine.close()


@pytest.mark.slow
@pytest.mark.parametrize("with_voice", [True, False])
async def test_generate_equals_the_reference_pipeline_from_text_to_audio(
    engine, tiny_weights, with_voice
):
    dit, codec = build_dit(TINY.dit, 0), build_autoencoder(TINY.codec, 0)
    dit.load_state_dict(load_file(tiny_weights / DIT.local_name), strict=True)
    codec.load_state_dict(load_file(tiny_weights / CODEC.local_name), strict=True)
    pca = load_file(tiny_weights / PCA.local_name)
    state = inference.PCAState(pca["pca_components"], pca["pca_mean"], float(pca["latent_scale"]))
    parameters = {"num_steps": 4, "sequence_length": 36, "truncation_factor": 0.8}

    def sample(model, voice, voice_mask, tokens, mask, seed):
        return inference.sample_euler_cfg_independent_guidances(
            model, voice, voice_mask, tokens, mask, seed,
            num_steps=4, cfg_scale_text=3.0, cfg_scale_speaker=8.0, cfg_min_t=0.5, cfg_max_t=1.0,
            truncation_factor=0.8, rescale_k=None, rescale_sigma=None, speaker_kv_scale=None,
            speaker_kv_max_layers=None, speaker_kv_min_t=None, sequence_length=36,
        )  # fmt: skip

    audio = torch.from_numpy(voice_audio("v").copy())[None] if with_voice else None
    theirs, _ = inference.sample_pipeline(dit, codec, state, sample, "Hi: there", audio, 11)
    job = Job("Hi: there", 11, parameters)
    ours = await _speak(engine, job, _voice() if with_voice else None)
    assert relative_error(torch.from_numpy(ours), theirs[0, 0]) < 5e-6


@pytest.mark.slow
@pytest.mark.parametrize("trace", range(4))
async def test_jobs_that_come_and_go_at_random_leave_the_others_alone(engine, trace):
    chance = random.Random(trace)
    jobs = [
        _job(
            seed,
            stream=chance.random() < 0.3,
            num_steps=chance.randint(1, 4),
            sequence_length=chance.randint(32, 60),
            cfg_min_t=chance.random() / 2,
        )
        for seed in range(6)
    ]
    alone = [await _speak(engine, job, _voice()) for job in jobs]

    async def turns(most):
        for _ in range(chance.randint(0, most)):
            await asyncio.sleep(0)  # lets the ticks go on, however long they take

    async def come(job):
        await turns(300)
        return await _speak(engine, job, _voice())

    async def go(task):
        await turns(600)
        task.cancel()

    tasks = [asyncio.create_task(come(job)) for job in jobs]
    cancelled = chance.sample(range(len(jobs)), 2)
    await asyncio.gather(*(go(tasks[i]) for i in cancelled))
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for i, (result, expected) in enumerate(zip(results, alone, strict=True)):
        if isinstance(result, asyncio.CancelledError):
            assert i in cancelled
        else:
            np.testing.assert_allclose(result, expected, atol=1e-4)
    assert engine.stats()["jobs_active"] == 0


async def test_sentence_waits_for_one_job_of_a_book_at_most(tiny_weights):
    with _engine(tiny_weights, max_active_jobs=4, max_lane_frames_per_tick=1) as engine:
        book = [
            asyncio.create_task(_speak(engine, replace(_job(i, num_steps=20), request_id="book")))
            for i in range(8)
        ]
        await asyncio.sleep(0)
        assert engine.stats()["jobs"] == len(book)
        before = engine.stats()["ticks"]
        await _speak(engine, replace(_job(), request_id="sentence"))
        assert engine.stats()["ticks"] - before <= 20 + 2 + 1  # and the tick under way
        for task in book:
            task.cancel()


async def test_cancelled_job_costs_no_tick_after_the_one_under_way(engine):
    long = asyncio.create_task(_speak(engine, _job(num_steps=100)))
    await _speak(engine, _job())  # by now the long one has taken steps, too
    assert engine.stats()["jobs_active"] == 1
    long.cancel()
    await asyncio.wait([long])
    assert engine.stats()["jobs_active"] == 0
    before = engine.stats()["lane_frames"]
    await _speak(engine, _job())
    # Its own steps, and at most the tick that was under way.
    assert engine.stats()["lane_frames"] - before <= (2 + 1) * 32 + 2 * 32
    assert engine.stats()["jobs_cancelled"] == 1


async def test_jobs_given_up_as_one_ends_beside_the_other_are_forgotten(tiny_weights, monkeypatch):
    finish, loop, are_over = BlockEnds.finish, asyncio.get_running_loop(), threading.Event()

    async def give_up():
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        are_over.set()

    def finish_and_lose_the_callers(ends, ended, others, results):
        finish(ends, ended, others, results)
        if ended and others:
            asyncio.run_coroutine_threadsafe(give_up(), loop)
            are_over.wait()

    with _engine(tiny_weights, overlap_codec=True) as engine:
        decoded = []
        monkeypatch.setattr(BlockEnds, "finish", finish_and_lose_the_callers)
        monkeypatch.setattr(engine._model._runner._codec, "decode", decoded.append)
        tasks = [asyncio.create_task(_speak(engine, _job(num_steps=n))) for n in (1, 3)]
        await asyncio.wait(tasks)
        await engine._driver
        assert are_over.is_set()
        assert not engine._model._runner.holds_jobs
        assert not decoded


async def test_closed_generator_frees_its_job(engine):
    parts = engine.generate(_job(stream=True, sequence_length=640), None, lambda: None)
    first = (await anext(parts)).pcm
    assert len(first) == 32 * FRAME_SAMPLES
    await parts.aclose()
    assert engine.stats()["jobs_active"] == 0
    assert engine.stats()["jobs_cancelled"] == 1


async def test_streaming_gives_the_first_piece_before_the_rest_is_drawn(engine):
    parts = engine.generate(_job(stream=True, sequence_length=128), None, lambda: None)
    await anext(parts)
    assert engine.stats()["jobs_active"] == 1
    assert [len(part.pcm) // FRAME_SAMPLES async for part in parts] == [96]


async def test_voice_is_loaded_once_and_encoded_once(engine):
    loads = []
    first = await _speak(engine, _job(), _voice("a", loads))
    second = await _speak(engine, _job(), _voice("a", loads))
    np.testing.assert_allclose(first, second, atol=1e-5)
    other = await _speak(engine, _job(), _voice("b", loads))
    assert np.abs(first - other).max() > 1e-3
    assert loads == ["a", "b"]
    stats = engine.stats()
    assert (stats["speaker_cache_misses"], stats["speaker_cache_hits"]) == (2, 1)
    assert stats["speaker_cache_voices"] == 2


async def test_voice_wanted_by_many_at_once_is_encoded_once(engine):
    await asyncio.gather(*(_speak(engine, _job(seed), _voice()) for seed in range(4)))
    assert engine.stats()["speaker_cache_misses"] == 1


async def test_voice_that_cannot_be_loaded_fails_its_job_alone(engine):
    async def lost():
        raise VoiceLost("gone")

    with pytest.raises(VoiceLost):
        await _speak(engine, _job(), Voice("gone", lost))
    assert len(await _speak(engine, _job())) == 32 * FRAME_SAMPLES
    assert engine.stats()["jobs_active"] == 0


async def test_full_queue_refuses_at_once_and_takes_jobs_again_later(tiny_weights):
    with _engine(tiny_weights, max_active_jobs=1, max_waiting_jobs=1) as engine:
        taken = [asyncio.create_task(_speak(engine, _job(seed))) for seed in range(2)]
        await asyncio.sleep(0)  # both are in
        loads = []
        with pytest.raises(Overloaded):
            await _speak(engine, _job(), _voice("v", loads))
        assert loads == []
        await asyncio.gather(*taken)
        await _speak(engine, _job())


async def test_jobs_larger_than_a_tick_still_run(tiny_weights):
    with _engine(tiny_weights, max_lane_frames_per_tick=1) as engine:
        both = await asyncio.gather(*(_speak(engine, _job(seed)) for seed in range(2)))
        assert [len(pcm) for pcm in both] == [32 * FRAME_SAMPLES] * 2
        assert engine.stats()["ticks"] == 4


async def test_close_fails_what_has_not_ended_and_refuses_what_comes(engine):
    pending = asyncio.create_task(_speak(engine, _job(num_steps=100)))
    await _speak(engine, _job())
    await engine.check_health()
    engine.close()
    engine.close()
    with pytest.raises(NotReady, match="is closed"):
        await engine.check_health()
    with pytest.raises(NotReady, match="is closed"):
        await pending
    with pytest.raises(NotReady, match="is closed"):
        await _speak(engine, _job())


async def test_close_while_a_voice_is_fetched_fails_its_job(engine):
    async def load():
        engine.close()
        return voice_audio("v")

    with pytest.raises(NotReady):
        await _speak(engine, _job(), Voice("v", load))


async def test_failing_device_fails_every_job_and_leaves_none_waiting(engine, monkeypatch):
    def fail(_):
        raise RuntimeError("an illegal memory access was encountered")

    monkeypatch.setattr(engine._model._runner, "run", fail)
    jobs = (_speak(engine, _job(seed)) for seed in range(3))
    errors = await asyncio.gather(*jobs, return_exceptions=True)
    assert [str(error) for error in errors] == ["The engine failed"] * 3
    assert all(isinstance(error, InternalError) for error in errors)


async def test_start_is_announced_once_and_before_the_first_piece(tiny_weights):
    with _engine(tiny_weights, max_active_jobs=1) as engine:
        events = []

        async def speak(name):
            job = _job(stream=True, sequence_length=64)
            async for _ in engine.generate(job, None, lambda: events.append(f"{name} starts")):
                events.append(f"{name} speaks")

        await asyncio.gather(speak("a"), speak("b"))
    for name in "ab":
        own = [event for event in events if event.startswith(name)]
        assert own == [f"{name} starts", f"{name} speaks", f"{name} speaks"]
    assert events.index("a speaks") < events.index("b starts")


async def test_checkpoint_names_the_engine_and_its_defaults_hold_where_the_job_is_silent(
    mini_weights,
):
    with _engine(mini_weights) as engine:
        assert engine.name == "echo-mini-tiny"
        silent, outspoken = Job("Hello.", 1), Job("Hello.", 1, {"num_steps": 5})
        pcm = await _speak(engine, silent, _voice())
        assert (engine.stats()["steps"], len(pcm)) == (3, 48 * FRAME_SAMPLES)
        explicit = replace(silent, parameters={"num_steps": 3, "sequence_length": 48})
        np.testing.assert_allclose(pcm, await _speak(engine, explicit, _voice()), atol=1e-5)
        await _speak(engine, outspoken, _voice())
        assert engine.stats()["steps"] == 3 + 3 + 5


async def test_parameters_that_do_not_go_with_the_checkpoints_are_refused(mini_weights):
    with _engine(mini_weights) as engine, pytest.raises(InvalidRequest, match="'cfg_min_t'"):
        await _speak(engine, Job("Hello.", 1, {"cfg_min_t": 0.95}))


async def test_codec_without_weights_streams_what_it_says_whole(mini_weights):
    with _engine(mini_weights) as engine:
        job = Job("Hello.", 2, {"sequence_length": 100}, stream=True)
        parts = engine.generate(job, _voice(), lambda: None)
        pieces = [part.pcm async for part in parts]
        assert [len(pcm) // FRAME_SAMPLES for pcm in pieces] == [32, 68]
        assert np.isfinite(np.concatenate(pieces)).all()


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"echo-tts-base/pytorch_model\.safetensors is not"):
        EchoEngine(EchoOptions(weights_dir=str(tmp_path), device="cpu"))


def test_unknown_dtype_is_refused():
    with pytest.raises(ValueError, match=r"dtype\n.*'auto', 'float32' or 'bfloat16'"):
        EchoOptions(dtype="int8")


async def test_bfloat16_speaks_too(tiny_weights):
    with _engine(tiny_weights, dtype="bfloat16") as engine:
        pcm = await _speak(engine, _job(), _voice())
        assert np.isfinite(pcm).all()
        assert pcm.dtype == np.float32


@pytest.mark.parametrize("stream", [False, True])
async def test_words_of_any_checkpoint_are_in_order_and_within_the_audio(mini_weights, stream):
    text = "Speech that never ends is drawn again."  # random weights know no end, and no heads
    job = Job(text, 0, {"num_steps": 2, "sequence_length": "auto"}, stream, timestamps=True)
    with _engine(mini_weights) as engine:
        parts = [part async for part in engine.generate(job, None, lambda: None)]
    words = [word for part in parts for word in part.words]
    assert [word.word for word in words] == text.split()
    times = [time for word in words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= sum(len(part.pcm) for part in parts) / SAMPLE_RATE_HZ + 1e-9


@pytest.mark.parametrize(
    ("num_spoken", "fault", "drawn"),
    [(40, None, 32 + 128), (35, "early", 32 + 128), (5, "early", 32 + 128), (640, "cut", 640)],
)
async def test_stream_that_falls_silent_tells_all_words_and_its_fault(
    engine, monkeypatch, num_spoken, fault, drawn
):
    text = "one two three four five six seven eight nine ten."  # its end may come at frame 36
    finish, seen = BlockEnds.finish, []

    def fall_silent(ends, ended, others, results):
        for job in ended:
            job.drawn.latents[num_spoken:] = 0
            seen.append(len(job.drawn.latents))
        finish(ends, ended, others, results)

    monkeypatch.setattr(BlockEnds, "finish", fall_silent)
    job = replace(_job(0, True, text, sequence_length=640), timestamps=True)
    parts = [part async for part in engine.generate(job, None, lambda: None)]
    assert [word.word for part in parts for word in part.words] == text.split()
    assert [part.fault for part in parts if part.fault] == [fault] * (fault is not None)
    assert seen[-1] == drawn
