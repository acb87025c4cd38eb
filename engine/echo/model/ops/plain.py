"""The definition of every function in `Ops`, in PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from engine.echo.model.attention import Lane
from engine.echo.model.attention import attend as attend_alone
from engine.echo.model.layers import gated, normalized, rms_norm, rotate, silu_mul
from engine.echo.model.ops.convolution import LARGEST, Activation, ConvLayer, Stream
from engine.echo.model.packing import Tables

__all__ = [
    "attend",
    "causal_conv",
    "linear",
    "norm_modulate",
    "residual_norm_modulate",
    "silu_linear",
    "take_step",
    "turn_heads",
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
    x: Tensor,
    a: Tensor,
    weight: Tensor,
    gates: Tensor,
    modulation: Tensor,
    rows: Tensor,
    eps: float,
) -> Tensor:
    """See `Ops`."""
    x += per_position(gates, GATE, rows) * linear(a, weight)
    return norm_modulate(x, modulation, rows, eps)


def linear(x: Tensor, weight: Tensor) -> Tensor:
    """See `Ops`."""
    return F.linear(x, weight)


def silu_linear(x: Tensor, weight: Tensor) -> Tensor:
    """See `Ops`."""
    return silu_mul(linear(x, weight))


def num_turning_heads(num_heads: int) -> int:
    """Return how many of the transformer's heads know a position: half of them, rounded up."""
    return (num_heads + 1) // 2


def rotate_half(x: Tensor, rotation: Tensor) -> Tensor:
    """Rotate the first half of the heads; the other half knows no position."""
    return rotate_first(x, rotation, num_turning_heads(x.shape[1]))


def rotate_first(x: Tensor, rotation: Tensor, num_turning: int) -> Tensor:
    """Rotate the first heads of `x` (N, H, D)."""
    first, others = x[:, :num_turning], x[:, num_turning:]
    return torch.cat([rotate(first, rotation), others], dim=1)


def turn_heads(
    qkvg: Tensor,
    q_weight: Tensor,
    k_weight: Tensor,
    rotation: Tensor,
    num_turning: int,
    eps: float,
) -> None:
    """See `Ops`."""
    for part, weight in zip(qkvg.chunk(4, dim=-1), (q_weight, k_weight), strict=False):
        heads = part.unflatten(-1, weight.shape)
        heads.copy_(rotate_first(rms_norm(heads, weight, eps), rotation, num_turning))


def attend(
    qkvg: Tensor,
    num_heads: int,
    layer: int,
    tables: Tables,
    lanes: Sequence[Lane],
    *,
    causal: bool = False,
) -> Tensor:
    """See `Ops`."""
    *heads, gate = qkvg.chunk(4, dim=-1)
    q, k, v = (y.unflatten(-1, (num_heads, -1)) for y in heads)
    out = torch.zeros_like(q)
    stop = 0
    for lane in lanes:
        start, stop = stop, stop + lane.num_frames
        keys, values = (
            torch.cat([own[start:stop], *(part[layer, kind] for part in lane.context)])
            for kind, own in enumerate((k, v))
        )
        out[start:stop] = attend_alone(q[start:stop], keys, values, causal=causal)
    return gated(out.flatten(1), gate)


def take_step(x: Tensor, v: Tensor, tables: Tables) -> Tensor:
    """See `Ops`."""
    cond = v = v.to(x.dtype)
    text_scale, speaker_scale, ratio, pull, dt = (
        tables.scalars[tables.updates].unsqueeze(1).unbind(2)
    )
    v = v + text_scale * (cond - cond[tables.no_text])
    v = v + speaker_scale * (cond - cond[tables.no_speaker])
    return x + (ratio * v + pull * x) * dt


def causal_conv(a: Tensor, layer: ConvLayer, stream: Tensor | None) -> tuple[Tensor | None, Tensor]:
    """See `Ops`; sums are in float32 at least."""
    kind = torch.promote_types(a.dtype, torch.float32)
    left = (layer.weight.shape[1] - 1) * layer.dilation
    padded, weight = F.pad(a.to(kind).T, (left, 0)), layer.weight.to(kind).transpose(1, 2)
    y = F.conv1d(padded[None], weight, layer.bias, dilation=layer.dilation)[0].T
    if layer.stream in (Stream.ADD, Stream.END):
        assert stream is not None, "there is one to add to"
        y = y.add_(stream)
    if layer.stream in (Stream.START, Stream.ADD):
        stream = y.reshape(-1, layer.num_channels)
    if layer.alpha is not None:
        out = snake(y, layer.alpha).clamp_(-LARGEST, LARGEST).to(a.dtype)
    else:
        out = y.tanh() if layer.activation is Activation.TANH else y
    out = out.reshape(-1, layer.num_channels)
    return None if layer.stream is Stream.END else stream, out


def snake(x: Tensor, alpha: Tensor) -> Tensor:
    """Return x + sin^2(alpha x) / alpha, a periodic activation."""
    return torch.addcmul(x, (alpha * x).sin_().square_(), (alpha + 1e-9).reciprocal())
