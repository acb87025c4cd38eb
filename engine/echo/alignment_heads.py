"""The heads of a checkpoint that follow the text, found where its `config.json` names none."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.echo.alignment import evidence
from engine.echo.checkpoints.load import Models
from engine.echo.config import Head
from engine.echo.denoise import Trajectory, denoise, new_trajectory
from engine.echo.end_search import EndSearch
from engine.echo.forward.plain import PlainForward
from engine.echo.job import make_job
from engine.echo.text_attention import AlignmentHeads, is_alignment_step
from engine.protocol import Job

MAX_HEADS = 8
MAX_BEHIND = 0.25
"""Nats per frame by which a head may follow the text less well than the best one does."""

_TEXT = "The birch canoe slid on the smooth planks, and nobody on the river said a word."
_PARAMETERS = {"num_steps": 12, "sequence_length": "auto"}


@torch.inference_mode()
def find_heads(models: Models) -> tuple[Head, ...]:
    """Return the heads that follow the text best while the model speaks a sentence.

    `evidence` ranks them, so no word times need to be known.
    """
    dit = models.dit
    job = make_job(Job(_TEXT, 0, _PARAMETERS), models.config, (), dit.dtype, has_voice=False)
    text = dit.text_context(torch.tensor(job.tokens, device=dit.device))
    trajectory = new_trajectory(dit, job.progress, text, None, job.seed)
    layers, per_layer = dit.config.num_layers, dit.config.num_heads
    heads = [(layer, number) for layer in range(layers) for number in range(per_layer)]
    attention = _record(models, trajectory, heads)
    end = EndSearch(trajectory.latents, end=models.config.end).wait()
    num_frames = max(end.frame, 1)
    scores = evidence(attention[:, :num_frames].cpu().double().numpy())
    best = scores.argsort()[::-1][:MAX_HEADS]
    return tuple(sorted(heads[i] for i in best if scores[i] >= scores[best[0]] - MAX_BEHIND))


def _record(models: Models, trajectory: Trajectory, heads: list[Head]) -> Tensor:
    """Draw the trajectory to its end; return the text attention of `heads` on the way."""
    forward, alignment_heads = PlainForward(models.dit), AlignmentHeads(models.dit, heads)
    attention = torch.empty(0)
    while not trajectory.progress.done:
        if is_alignment_step(trajectory):
            attention = alignment_heads.text_attention(trajectory)
        denoise(forward, [trajectory])
    return attention
