"""The attention of a trajectory's frames to its text, in some heads of the transformer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from engine.echo.config import Head
from engine.echo.denoise import Trajectory
from engine.echo.forward.modulations import Modulations
from engine.echo.forward.plain import PlainForward
from engine.echo.model.attention import Attention, KeyValues, Lane, attention_for
from engine.echo.model.dit import EchoDiT

ALIGNMENT_T = 0.5
"""The t at which it is recorded: the words have their places by then, and are still being drawn."""


class AlignmentHeads:
    """Some heads of a model, whose text attention is recorded in passes of their own.

    The job itself is drawn by its usual pass, so recording changes no bit of it.
    """

    def __init__(self, dit: EchoDiT, heads: Sequence[Head]) -> None:
        self._dit, self._modulations = dit, Modulations(dit)
        # On the device: numbers that are sent there would wait for all work that it has been given.
        self._heads = {
            layer: torch.tensor([number for at, number in heads if at == layer], device=dit.device)
            for layer in {layer for layer, _ in heads}
        }

    def text_attention(self, trajectory: Trajectory) -> Tensor:
        """Return log probabilities (heads, frames, bytes) of the current block's attention to text.

        The heads are ordered by layer, then as they were given.
        """
        trajectory.begin_block(self._dit.latent_context)
        recorded: list[Tensor] = []

        def recording(lanes: Sequence[Lane], device: torch.device, dtype: torch.dtype) -> Attention:
            attention = attention_for(lanes, device, dtype)
            return _RecordingAttention(attention, trajectory.text, self._heads, recorded)

        forward = PlainForward(self._dit, self._modulations, recording)
        # No block after the last of the heads has anything to tell.
        forward.run_blocks(trajectory.x, [trajectory.next_step().cond], max(self._heads) + 1)
        return torch.cat(recorded)


class _RecordingAttention:
    """One lane's attention that also records the text attention of some heads."""

    def __init__(
        self,
        attention: Attention,
        text: KeyValues,
        heads: Mapping[int, Tensor],
        recorded: list[Tensor],
    ) -> None:
        self._attention, self._text, self._heads, self._recorded = attention, text, heads, recorded

    def __call__(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """See `Attention`."""
        if (numbers := self._heads.get(layer)) is not None:
            # Without the start token, which heads attend to when they search for nothing.
            keys = self._text[layer, 0, 1:].index_select(1, numbers).float()
            scores = torch.einsum("nhd,phd->hnp", q.index_select(1, numbers).float(), keys)
            self._recorded.append(torch.log_softmax(scores * q.shape[-1] ** -0.5, dim=-1))
        return self._attention(layer, q, k, v)


def is_alignment_step(trajectory: Trajectory) -> bool:
    """Return whether the next step is the one of its block at which text attention is recorded."""
    steps, number = trajectory.progress.steps, trajectory.progress.step
    first = next((i for i, step in enumerate(steps) if step.t <= ALIGNMENT_T), len(steps) - 1)
    return number == first


def mean_over_heads(log_probs: Tensor) -> Tensor:
    """Return the log of the mean probability over heads: (frames, bytes)."""
    return torch.logsumexp(log_probs, dim=0) - math.log(len(log_probs))
