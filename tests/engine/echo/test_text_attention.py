"""Which heads follow the text, and where they look."""

from pathlib import Path

import pytest
import torch

from engine.echo.checkpoints.load import Models, load_models
from engine.echo.denoise import Trajectory, denoise
from engine.echo.forward.modulations import Modulations
from engine.echo.forward.plain import PlainForward
from engine.echo.job import make_job
from engine.echo.text_attention import find_heads, is_watched, looks, mean_look
from engine.protocol import Job

MINI = Path(__file__).parents[3] / "checkpoints/echo-mini"
TEXT = "A cold wind blew across the empty field."
FOLLOWING = {(1, 0), (1, 2), (2, 0), (2, 2)}
"""The heads that training taught to follow the text."""


@pytest.fixture(scope="module")
def models() -> Models:
    return load_models(MINI, torch.device("cpu"), torch.float32, blockwise=True)


def _trajectory(models: Models, stream: bool = False) -> Trajectory:
    job = make_job(Job(TEXT, 3, stream=stream), None, models.config, (32, 32), torch.float32)
    return Trajectory(
        progress=job.progress,
        text=models.dit.text_context(torch.tensor(job.tokens)),
        speaker=None,
        generator=torch.Generator().manual_seed(3),
        latents=torch.empty((0, models.dit.config.latent_dim)),
    )


@torch.inference_mode()
def test_the_heads_that_follow_are_found_without_known_times(models):
    dit = models.dit
    found = find_heads(dit, Modulations(dit), _trajectory(models), models.config.end)
    assert set(found) == FOLLOWING


@torch.inference_mode()
def test_watching_changes_nothing_of_what_is_drawn(models):
    dit, drawn = models.dit, []
    for watching in (False, True):
        trajectory, modulations = _trajectory(models, stream=True), Modulations(dit)
        while trajectory.progress.block < 2:
            if watching:
                looks(dit, modulations, trajectory, [(1, 0)])
            denoise(PlainForward(dit, modulations), [trajectory])
        drawn.append(trajectory.latents)
    assert torch.equal(*drawn)


@torch.inference_mode()
def test_every_block_is_watched_once(models):
    dit, trajectory = models.dit, _trajectory(models, stream=True)
    modulations, seen = Modulations(dit), []
    while trajectory.progress.block < 2:
        if is_watched(trajectory):
            seen.append(mean_look(looks(dit, modulations, trajectory, sorted(FOLLOWING))))
        denoise(PlainForward(dit, modulations), [trajectory])
    assert len(seen) == 2
    look = torch.cat(seen)
    assert look.shape == (len(trajectory.latents), len("[S1] " + TEXT))
    assert look.exp().sum(dim=1) == pytest.approx(torch.ones(len(look)), abs=1e-4)
