"""Where frames look in the text."""

from pathlib import Path

import pytest
import torch

from engine.echo.checkpoints.load import Models, load_models
from engine.echo.denoise import Trajectory, denoise, new_trajectory
from engine.echo.forward.plain import PlainForward
from engine.echo.job import make_job
from engine.echo.text_attention import AlignmentHeads, is_alignment_step, mean_over_heads
from engine.protocol import Job

MINI = Path(__file__).parents[3] / "checkpoints/echo-mini"
TEXT = "A cold wind blew across the empty field."


@pytest.fixture(scope="module")
def models() -> Models:
    return load_models(MINI, torch.device("cpu"), torch.float32, blockwise=True)


def _trajectory(models: Models, stream: bool = False) -> Trajectory:
    job = Job(TEXT, 3, stream=stream)
    job = make_job(job, models.config, (32, 32), torch.float32, has_voice=False)
    text = models.dit.text_context(torch.tensor(job.tokens))
    return new_trajectory(models.dit, job.progress, text, None, job.seed)


@torch.inference_mode()
def test_watching_changes_nothing_of_what_is_drawn(models):
    heads, drawn = AlignmentHeads(models.dit, [(1, 0)]), []
    for watching in (False, True):
        trajectory, forward = _trajectory(models, stream=True), PlainForward(models.dit)
        while trajectory.progress.block < 2:
            if watching:
                heads.text_attention(trajectory)
            denoise(forward, [trajectory])
        drawn.append(trajectory.latents)
    assert torch.equal(*drawn)


@torch.inference_mode()
def test_every_block_is_watched_once(models):
    trajectory, forward = _trajectory(models, stream=True), PlainForward(models.dit)
    heads, seen = AlignmentHeads(models.dit, models.config.alignment_heads), []
    while trajectory.progress.block < 2:
        if is_alignment_step(trajectory):
            seen.append(mean_over_heads(heads.text_attention(trajectory)))
        denoise(forward, [trajectory])
    assert len(seen) == 2
    look = torch.cat(seen)
    assert look.shape == (len(trajectory.latents), len("[S1] " + TEXT))
    assert look.exp().sum(dim=1) == pytest.approx(torch.ones(len(look)), abs=1e-4)
