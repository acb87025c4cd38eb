"""Where in the text the frames of a trajectory look, in some heads of the transformer."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from engine.echo.config import Head
from engine.echo.denoise import Trajectory
from engine.echo.forward.modulations import Modulations
from engine.echo.forward.plain import PlainForward
from engine.echo.model.attention import Attention, KeyValues, Lane, attention_for
from engine.echo.model.dit import EchoDiT

WATCHED_T = 0.5
"""Where heads are watched: the words have their places by then, and are still being drawn."""


class WatchedHeads:
    """Heads of a model, watched in passes of their own.

    What is drawn stays the same to the bit, whoever asks and by whatever kernels.
    """

    def __init__(self, dit: EchoDiT, heads: Sequence[Head]) -> None:
        self._dit, self._heads, self._modulations = dit, heads, Modulations(dit)

    def looks(self, trajectory: Trajectory) -> Tensor:
        """Return how the current block's frames look at the text: (heads, frames, bytes).

        In log probabilities, by layer and then in the order of the heads.
        """
        trajectory.begin_block(self._dit)
        seen: list[Tensor] = []

        def watched(lanes: Sequence[Lane], device: torch.device, dtype: torch.dtype) -> Attention:
            attention = attention_for(lanes, device, dtype)
            return _WatchedAttention(attention, trajectory.text, self._heads, seen)

        forward = PlainForward(self._dit, self._modulations, watched)
        forward(trajectory.x, [next(trajectory.lanes())])
        return torch.cat(seen)


class _WatchedAttention:
    """One lane's attention; notes how some heads look at the text."""

    def __init__(
        self, attention: Attention, text: KeyValues, heads: Sequence[Head], seen: list[Tensor]
    ) -> None:
        self._attention, self._text, self._heads, self._seen = attention, text, heads, seen

    def __call__(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """See `Attention`."""
        if watched := [number for at, number in self._heads if at == layer]:
            # Without the leading 0: where heads look that look for nothing.
            keys = self._text[layer, 0, 1:, watched].float()
            scores = torch.einsum("nhd,phd->hnp", q[:, watched].float(), keys)
            self._seen.append(torch.log_softmax(scores * q.shape[-1] ** -0.5, dim=-1))
        return self._attention(layer, q, k, v)


def is_watched(trajectory: Trajectory) -> bool:
    """Tell whether the next step is the one of its block in which heads are to be watched."""
    steps, number = trajectory.progress.plan.steps, trajectory.progress.step
    first = next((i for i, step in enumerate(steps) if step.t <= WATCHED_T), len(steps) - 1)
    return number == first


def mean_look(looks: Tensor) -> Tensor:
    """Return the log of the mean probability over heads: (frames, bytes)."""
    return torch.logsumexp(looks, dim=0) - math.log(len(looks))
