"""Where in its text a job's frames look, in those heads of the transformer that follow the text."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from engine.echo.alignment import evidence
from engine.echo.config import EndConfig
from engine.echo.denoise import Trajectory, denoise
from engine.echo.forward.modulations import Modulations
from engine.echo.forward.plain import PlainForward
from engine.echo.model.attention import Attention, KeyValues, attention_for
from engine.echo.model.dit import EchoDiT, Positions
from engine.echo.sampling import find_end

Head = tuple[int, int]
"""Layer, and number within it."""

WATCHED_T = 0.5
"""Where heads are watched: the words have their places by then, and are still being drawn."""
MAX_HEADS = 8
MAX_BEHIND = 0.25
"""Nats per frame by which a head may follow the text less well than the best."""


class _WatchedAttention:
    """One lane's attention, with the looks that some heads give the text."""

    def __init__(self, attention: Attention, text: KeyValues, heads: Sequence[Head]) -> None:
        self._attention, self._text, self._heads = attention, text, heads
        self.looks: list[Tensor] = []

    def __call__(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """See `Attention`."""
        if watched := [number for at, number in self._heads if at == layer]:
            # Without the leading 0: where heads look that look for nothing.
            keys = self._text[layer, 0, 1:, watched].float()
            scores = torch.einsum("nhd,phd->hnp", q[:, watched].float(), keys)
            self.looks.append(torch.log_softmax(scores * q.shape[-1] ** -0.5, dim=-1))
        return self._attention(layer, q, k, v)


def is_watched(trajectory: Trajectory) -> bool:
    """Tell whether the next step is the one of its block in which heads are to be watched."""
    steps, number = trajectory.progress.plan.steps, trajectory.progress.step
    first = next((i for i, step in enumerate(steps) if step.t <= WATCHED_T), len(steps) - 1)
    return number == first


def looks(
    dit: EchoDiT, modulations: Modulations, trajectory: Trajectory, heads: Sequence[Head]
) -> Tensor:
    """Return how the frames of the current block look at the text: (heads, frames, bytes).

    In log probabilities, by layer and then in the order given. One more pass of one lane: what
    is drawn stays the same to the bit, whoever asks and on whatever path.
    """
    trajectory.begin_block(dit)
    lane = next(trajectory.lanes()).lane
    attention = _WatchedAttention(
        attention_for([lane], dit.device, dit.dtype), trajectory.text, heads
    )
    progress = trajectory.progress
    rotation = dit.rotation(progress.start, progress.start + progress.num_frames)
    dit(trajectory.x, Positions(rotation, modulations(progress.current.t)[None], None), attention)
    return torch.cat(attention.looks)


def mean_look(of_heads: Tensor) -> Tensor:
    """Return the log of the mean probability of `looks`: (frames, bytes)."""
    mean: Tensor = torch.logsumexp(of_heads, dim=0) - torch.log(torch.tensor(float(len(of_heads))))
    return mean


def find_heads(
    dit: EchoDiT, modulations: Modulations, trajectory: Trajectory, end: EndConfig
) -> tuple[Head, ...]:
    """Return the heads that follow a text best, found by drawing `trajectory` to its end.

    They are told by `evidence`, so no times need to be known.
    """
    config = dit.config
    heads = [(layer, i) for layer in range(config.num_layers) for i in range(config.num_heads)]
    seen, forward = torch.empty(0), PlainForward(dit, modulations)
    while not trajectory.progress.done:
        if is_watched(trajectory):
            seen = looks(dit, modulations, trajectory, heads)
        denoise(forward, [trajectory])
    num_frames = max(find_end(trajectory.latents, end), 1)
    scores = evidence(seen[:, :num_frames].cpu().double().numpy())
    best = scores.argsort()[::-1][:MAX_HEADS]
    return tuple(sorted(heads[i] for i in best if scores[i] >= scores[best[0]] - MAX_BEHIND))
