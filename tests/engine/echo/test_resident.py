"""A model that leaves the device's memory while nothing is spoken, and comes back."""

import asyncio
import threading
import weakref
from contextlib import aclosing, contextmanager

import numpy as np
import pytest
import torch

from engine.echo.engine import EchoEngine
from engine.echo.loading import Loader
from engine.echo.options import EchoOptions
from engine.echo.resident import NO_ROOM, ResidentModel
from engine.protocol import Job, Voice
from speech.errors import InternalError, NotReady
from tests.engine.echo.jobs import unload, voice_audio

JOB = Job("hello", 3, {"num_steps": 2, "sequence_length": 32})
LONG_S = 1000.0
AT_ONCE_S = 0.001


@contextmanager
def _engine(weights, unload_after_s):
    options = EchoOptions(weights_dir=str(weights), device="cpu", unload_after_s=unload_after_s)
    engine = EchoEngine(options)
    try:
        yield engine
    finally:
        engine.close()


async def _speak(engine, voice=None, job=JOB):
    async with aclosing(engine.generate(job, voice, lambda: None)) as parts:
        return np.concatenate([part.pcm async for part in parts])


async def test_model_leaves_by_itself_and_speaks_again_as_before(tiny_weights, monkeypatch):
    gone, give_back = threading.Event(), ResidentModel._give_back

    def give_back_and_tell(model):
        give_back(model)
        gone.set()

    monkeypatch.setattr(ResidentModel, "_give_back", give_back_and_tell)
    with _engine(tiny_weights, AT_ONCE_S) as engine:
        await asyncio.to_thread(gone.wait)  # though it has never spoken
        assert not engine.is_loaded
        gone.clear()
        again = await _speak(engine)
        await asyncio.to_thread(gone.wait)
    with _engine(tiny_weights, None) as engine:
        np.testing.assert_array_equal(again, await _speak(engine))


async def test_nothing_of_an_unloaded_model_is_left(tiny_weights):
    with _engine(tiny_weights, LONG_S) as engine:
        await _speak(engine, Voice("v", _reference))
        runner = engine._model._runner
        left = [weakref.ref(each) for each in (runner, *runner._dit.parameters())]
        left.append(weakref.ref(engine._speaker_cache.context("v")))
        del runner
        await unload(engine)
        assert [each() for each in left] == [None] * len(left)
        assert engine.stats()["speaker_cache_device_bytes"] == 0


async def _reference():
    return voice_audio("v")


async def test_voices_and_totals_outlast_an_unload(tiny_weights):
    loads = []

    async def load():
        loads.append("v")
        return await _reference()

    with _engine(tiny_weights, LONG_S) as engine:
        before = await _speak(engine, Voice("v", load))
        await unload(engine)
        stats = engine.stats()
        assert (stats["loaded"], stats["ticks"], stats["speaker_cache_misses"]) == (0, 3, 1)
        np.testing.assert_array_equal(await _speak(engine, Voice("v", load)), before)
        stats = engine.stats()
        assert (stats["loaded"], stats["ticks"], stats["speaker_cache_hits"]) == (1, 5, 1)
    assert loads == ["v"]


async def test_model_stays_while_something_is_spoken(tiny_weights, monkeypatch):
    loads, load = [], Loader.load
    monkeypatch.setattr(Loader, "load", lambda loader: loads.append("again") or load(loader))
    with _engine(tiny_weights, AT_ONCE_S) as engine:
        job = Job("hello", 3, {"num_steps": 20, "sequence_length": 640}, stream=True)
        loads.clear()
        await _speak(engine, job=job)
        assert len(loads) <= 1  # it may have left before, and has not since


async def test_jobs_that_come_while_it_leaves_are_spoken(tiny_weights):
    with _engine(tiny_weights, LONG_S) as engine:
        timer = engine._model._unloading
        jobs = asyncio.gather(*(_speak(engine) for _ in range(2)))
        timer.function()
        first, second = await jobs
        np.testing.assert_array_equal(first, second)


async def test_timer_that_fires_late_takes_the_model_from_no_job(tiny_weights):
    with _engine(tiny_weights, LONG_S) as engine:
        timer = engine._model._unloading
        job = Job("hello", 3, {"num_steps": 2, "sequence_length": 640}, stream=True)
        async with aclosing(engine.generate(job, None, lambda: None)) as parts:
            await anext(parts)
            timer.function()
            await asyncio.wrap_future(engine._model._thread.submit(lambda: None))
            assert engine.is_loaded


async def test_totals_that_are_read_while_it_leaves_count_nothing_twice(tiny_weights):
    class Leaving(ResidentModel):
        @property
        def _earlier_totals(self):
            self.__class__ = ResidentModel
            self._unload()
            return self._earlier_totals

    with _engine(tiny_weights, LONG_S) as engine:
        await _speak(engine)
        before = dict(engine._model.totals)
        engine._model.__class__ = Leaving
        assert engine._model.totals == before
        assert not engine.is_loaded


async def test_memory_that_is_not_given_back_is_told(tiny_weights, monkeypatch, caplog):
    def fail(model):
        raise RuntimeError("the driver is gone")

    monkeypatch.setattr(ResidentModel, "_give_back", fail)
    with _engine(tiny_weights, LONG_S) as engine:
        await unload(engine)
        assert not engine.is_loaded
    assert "the driver is gone" in caplog.text


@pytest.mark.parametrize("place", ["loading.Loader.load", "runner.denoise"])
async def test_memory_that_others_have_taken_fails_the_request_and_not_the_next(
    tiny_weights, monkeypatch, place
):
    def no_room(*_):
        raise torch.OutOfMemoryError

    with _engine(tiny_weights, LONG_S) as engine:
        await unload(engine)
        with monkeypatch.context() as patch:
            patch.setattr(f"engine.echo.{place}", no_room)
            with pytest.raises(NotReady, match=NO_ROOM):
                await _speak(engine)
            await engine.check_health()
        assert len(await _speak(engine))


async def test_model_that_cannot_be_loaded_again_wants_a_new_process(tiny_weights, monkeypatch):
    def gone(loader):
        raise OSError("the folder is gone")

    with _engine(tiny_weights, LONG_S) as engine:
        await unload(engine)
        with monkeypatch.context() as patch:
            patch.setattr(Loader, "load", gone)
            with pytest.raises(InternalError):
                await _speak(engine)
            with pytest.raises(InternalError, match="loaded again"):
                await engine.check_health()
        assert len(await _speak(engine))
        await engine.check_health()


async def test_engine_closes_while_its_model_is_unloaded(tiny_weights):
    with _engine(tiny_weights, LONG_S) as engine:
        await unload(engine)
    engine._model._unload_in_turn()  # a timer that was about to fire
    with pytest.raises(NotReady, match="is closed"):
        await _speak(engine)


async def test_job_of_an_engine_that_closes_before_it_loads_again_is_told_so(tiny_weights):
    with _engine(tiny_weights, LONG_S) as engine:
        await unload(engine)
        job = asyncio.create_task(_speak(engine))
        await asyncio.sleep(0)  # it waits for its first audio
    with pytest.raises(NotReady, match="is closed"):
        await job
