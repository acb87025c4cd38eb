"""Jobs for a `Runner` with the tiny checkpoint, and their run to the end."""

import numpy as np
import torch

from engine.echo.config import TINY
from engine.echo.job import make_job
from engine.protocol import Job
from speech.pcm import FRAME_SAMPLES

VOICE = (0.1 * np.random.default_rng(0).standard_normal(20 * FRAME_SAMPLES)).astype(np.float32)
VOICE.flags.writeable = False
BLOCKS = (32, 128, 480)


def new_job(seed=0, *, text="hello", voice=None, stream=False, **parameters):
    parameters = {"num_steps": 2, "sequence_length": 32} | parameters
    job = make_job(Job(text, seed, parameters, stream), voice, TINY, BLOCKS, torch.float32)
    job.reference = None if voice is None else VOICE
    return job


def run(runner, *jobs):
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
