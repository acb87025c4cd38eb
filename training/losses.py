"""The losses: flow matching, and four helpers that need no listening.

A speaker's pitch and timbre shift all frames alike, which the mean over frames hardly weighs: so
the mean error of each window counts once more, by itself.

Where in the text each frame is, which sound each frame is, and how the text is pronounced are
known from the teacher. A small model learns to align text and speech from them in minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from engine.echo.config import DiTConfig
from engine.echo.model.dit import EchoDiT
from training.model import Conditions, Prediction, predict
from training.shards import PHONES

ALIGNED_LAYERS = (1, 2)
SLOTS = 2
"""Sounds that one byte may stand for; figures need more, and go without this loss."""

_BLANK = len(PHONES)
_SIGMA = 1.0  # tokens
_SILENT_WEIGHT = 0.25  # of the frames after the speech
_WEIGHTS = {"flow": 1.0, "offset": 10.0, "alignment": 0.3, "phone": 0.3, "pronunciation": 0.1}


@dataclass(frozen=True)
class Batch:
    """B windows of speech, to be drawn D times each, and what is known of them.

    Attributes:
        latents: (B, S, latent_dim).
        given: What they are drawn from.
        start: Frame at which the windows begin.
        num_frames: (B,), frames of speech in each window; silence follows.
        positions: (B, S), the token that each frame is spoken from, fractional.
        phones: (B, S), the sound of each frame, -1 after the speech.
        spelled: (B, U), the sounds of the whole text, padded.
        spelled_lengths: (B,).
    """

    latents: Tensor
    given: Conditions
    start: int
    num_frames: Tensor
    positions: Tensor
    phones: Tensor
    spelled: Tensor
    spelled_lengths: Tensor

    def to(self, device: torch.device) -> Batch:
        """Return the same on `device`."""
        moved: dict[str, Any] = {
            name: value if isinstance(value, int) else value.to(device)
            for name, value in vars(self).items()
        }
        return Batch(**moved)


class Heads(nn.Module):
    """Read the helpers' answers off the model; not part of a checkpoint's export."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self.phone = nn.Linear(config.dim, len(PHONES))
        self.spelling = nn.Linear(config.text.dim, SLOTS * (_BLANK + 1))


def draw_t(num: int, generator: torch.Generator) -> Tensor:
    """Return random times (num,), most of them where words and the speaker are decided."""
    return torch.sigmoid(1.0 + 1.4 * torch.randn(num, generator=generator))


def losses(
    dit: EchoDiT, heads: Heads, batch: Batch, generator: torch.Generator
) -> dict[str, Tensor]:
    """Return each loss, unweighted."""
    num_draws = len(batch.given.text_given) // len(batch.latents)
    x0 = batch.latents.repeat(num_draws, 1, 1)
    # Drawn on the CPU: the same numbers on every device.
    t = draw_t(len(x0), generator).to(x0.device)
    noise = torch.randn(x0.shape, generator=generator).to(x0.device)
    x = x0 + t[:, None, None] * (noise - x0)
    made = predict(dit, x, t, batch.given, batch.start, ALIGNED_LAYERS, dit.config.num_layers // 2)
    num_frames = batch.num_frames.repeat(num_draws)
    speech = torch.arange(x0.shape[1], device=x0.device) < num_frames[:, None]
    weight = torch.where(speech, 1.0, _SILENT_WEIGHT)
    error = made.velocity - (noise - x0)
    return {
        "flow": (error.square().mean(dim=2) * weight).sum() / weight.sum(),
        "offset": offset(error, speech),
        "alignment": _alignment(made, batch, speech),
        "phone": F.cross_entropy(
            heads.phone(made.hidden).transpose(1, 2),
            batch.phones.repeat(num_draws, 1),
            ignore_index=-1,
        ),
        "pronunciation": pronunciation(heads, made.text_state, batch),
    }


def total(parts: dict[str, Tensor]) -> Tensor:
    """Return the weighted sum of `losses`."""
    return torch.stack([_WEIGHTS[name] * value for name, value in parts.items()]).sum()


def offset(error: Tensor, speech: Tensor) -> Tensor:
    """Return the part of the squared error (B, S, C) over speech (B, S) that a mean one makes."""
    num_frames = speech.sum(dim=1)
    mean = (error * speech[..., None]).sum(dim=1) / num_frames.clamp(min=1)[:, None]
    return (mean.square().mean(dim=1) * num_frames).sum() / num_frames.sum().clamp(min=1)


def _alignment(made: Prediction, batch: Batch, speech: Tensor) -> Tensor:
    """Cross entropy of attention to the text against a bell over the token being spoken."""
    tokens = torch.arange(batch.given.text.shape[1], device=speech.device)
    distance = (tokens - batch.positions[..., None]) / _SIGMA
    bell = -0.5 * distance.square().masked_fill(~batch.given.text_mask[:, None], torch.inf)
    wanted = torch.softmax(bell, dim=-1)
    wanted = wanted.repeat(len(speech) // len(wanted), 1, 1)
    surprise = -(wanted[:, None] * made.attention.log_softmax(dim=-1)).sum(dim=-1)
    counted = (speech & batch.given.text_given[:, None])[:, None].expand_as(surprise[0])
    return (surprise * counted).sum() / (counted.sum() * len(surprise)).clamp(min=1)


def pronunciation(heads: Heads, text_state: Tensor, batch: Batch) -> Tensor:
    """Connectionist temporal classification of the sounds, a few slots per byte."""
    return spelling_loss(
        heads, text_state, batch.given.text_mask, batch.spelled, batch.spelled_lengths
    )


def spelling_loss(
    heads: Heads, text_state: Tensor, mask: Tensor, spelled: Tensor, lengths: Tensor
) -> Tensor:
    """Return the loss of `spelled` (B, U) given the state (B, L, C) of the text."""
    slots = heads.spelling(text_state).unflatten(2, (SLOTS, -1)).flatten(1, 2)
    return F.ctc_loss(
        slots.log_softmax(dim=2).transpose(0, 1),
        spelled,
        SLOTS * mask.sum(dim=1),
        lengths,
        blank=_BLANK,
        zero_infinity=True,
    )
