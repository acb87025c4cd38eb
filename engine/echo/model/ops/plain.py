"""The definition of every function in `Ops`, in PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from engine.echo.model.layers import gated, normalized, rms_norm, rotate, silu_mul
from engine.echo.model.packing import Segments, Tables, Workspace

__all__ = [
    "copy_context",
    "gated",
    "norm_modulate",
    "place_heads",
    "residual_norm_modulate",
    "silu_mul",
    "snake_pad",
    "take_step",
]

SHIFT, SCALE, GATE = range(3)


def per_position(modulation: Tensor, kind: int, rows: Tensor | None) -> Tensor:
    """Return one kind of `modulation` (R, 3, C) for each position: (N or 1, C)."""
    return modulation[:, kind] if rows is None else modulation[:, kind][rows]


def norm_modulate(x: Tensor, modulation: Tensor, rows: Tensor | None, eps: float) -> Tensor:
    """See `Ops`; without `rows` there is one row for all."""
    scale, shift = (per_position(modulation, kind, rows) for kind in (SCALE, SHIFT))
    return (normalized(x, eps) * scale + shift).to(x.dtype)


def residual_norm_modulate(
    x: Tensor, y: Tensor, gates: Tensor, modulation: Tensor, rows: Tensor, eps: float
) -> Tensor:
    """See `Ops`."""
    x += per_position(gates, GATE, rows) * y
    return norm_modulate(x, modulation, rows, eps)


def rotate_half(x: Tensor, rotation: Tensor) -> Tensor:
    """Rotate the first half of the heads; the other half knows no position."""
    first, second = x.chunk(2, dim=1)
    return torch.cat([rotate(first, rotation), second], dim=1)


def place_heads(
    qkvg: Tensor,
    q_weight: Tensor,
    k_weight: Tensor,
    rotation: Tensor,
    slots: Tensor,
    workspace: Workspace,
    eps: float,
) -> Tensor:
    """See `Ops`."""
    q, k, v = (torch.unflatten(y, -1, q_weight.shape) for y in qkvg.chunk(4, dim=-1)[:3])
    workspace.keys[slots] = rotate_half(rms_norm(k, k_weight, eps), rotation)
    workspace.values[slots] = v
    return rotate_half(rms_norm(q, q_weight, eps), rotation)


def copy_context(segments: Segments, layer: int, workspace: Workspace) -> None:
    """See `Ops`."""
    for part, slot in segments.parts:
        keys, values = part[layer]
        workspace.keys[slot : slot + len(keys)] = keys
        workspace.values[slot : slot + len(values)] = values


def take_step(x: Tensor, v: Tensor, tables: Tables) -> Tensor:
    """See `Ops`."""
    cond = v = v.to(x.dtype)
    text_scale, speaker_scale, ratio, pull, dt = (
        tables.scalars[tables.updates].unsqueeze(1).unbind(2)
    )
    v = v + text_scale * (cond - cond[tables.no_text])
    v = v + speaker_scale * (cond - cond[tables.no_speaker])
    return x + (ratio * v + pull * x) * dt


def snake_pad(x: Tensor, alpha: Tensor, left: int) -> Tensor:
    """See `Ops`."""
    y = torch.addcmul(x, (alpha * x).sin_().square_(), (alpha + 1e-9).reciprocal())
    return F.pad(y, (left, 0)) if left else y
