"""Jobs for a `Runner` with the tiny checkpoint, their run to the end, and a model's unload."""

import asyncio

import numpy as np
import torch

from engine.echo.job import make_job
from engine.echo.sizes import TINY
from engine.echo.speakers import JobVoice
from engine.protocol import Job
from speech.errors import SpeechError
from speech.pcm import FRAME_SAMPLES

BLOCKS = (32, 128, 480)


def voice_audio(key, num_frames=20):
    """Return the reference audio of a voice; every key has its own."""
    noise = np.random.default_rng(list(key.encode())).standard_normal(num_frames * FRAME_SAMPLES)
    audio = (0.1 * noise).astype(np.float32)
    audio.flags.writeable = False
    return audio


def new_job(seed=0, *, text="hello", voice=None, stream=False, **parameters):
    parameters = {"num_steps": 2, "sequence_length": 32} | parameters
    job = Job(text, seed, parameters, stream)
    job = make_job(job, TINY, BLOCKS, torch.float32, has_voice=voice is not None)
    job.voice = None if voice is None else JobVoice(voice, voice_audio(voice))
    return job


def run(runner, *jobs):
    """Run `jobs` to their ends; return each one's PCM, in blocks. Raises the first error."""
    results = run_to_any_end(runner, *jobs)
    for result in results:
        if isinstance(result, SpeechError):
            raise result
    return results


def run_to_any_end(runner, *jobs):
    """Run `jobs` to their ends; return each one's PCM, in blocks, or its error."""
    results = {id(job): [] for job in jobs}
    active = list(jobs)
    while active:
        for job, result in runner.run(active):
            if result.error is not None:
                results[id(job)] = result.error
            elif result.pcm is not None:
                results[id(job)].append(result.pcm)
            if result.ended or result.error is not None:
                active.remove(job)
    return list(results.values())


async def unload(engine):
    """Let the time with nothing to speak be over now, and wait until the model is gone."""
    timer = engine._model._unloading
    timer.cancel()
    timer.function()
    await asyncio.wrap_future(engine._model._thread.submit(lambda: None))
