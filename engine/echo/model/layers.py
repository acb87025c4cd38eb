"""Layers that the diffusion transformer and its encoders share. All work on packed positions.

Every rounding step is where the published model has it: norms and rotations are computed in
float32 at least, and their results rounded to the model's dtype.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

ROPE_THETA = 10_000.0


def upcast(x: Tensor) -> Tensor:
    """Return `x` in float32, unless it is in float64."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def normalized(x: Tensor, eps: float) -> Tensor:
    """Return `x` divided by its root mean square over the last axis, at least in float32."""
    return F.rms_norm(upcast(x), x.shape[-1:], eps=eps)


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """RMSNorm; `weight` may be per head, (H, D), for `x` (N, H, D)."""
    return (normalized(x, eps) * weight).to(x.dtype)


@lru_cache(maxsize=16)
def rotary_table(
    head_dim: int, num_positions: int, device: torch.device, dtype: torch.dtype
) -> Tensor:
    """Return cosines and sines, (num_positions, 2, D / 2), in `dtype`.

    Built on the CPU whatever `device` is, so that every device rotates by the same angles.
    """
    exponents = torch.arange(0, head_dim, 2, dtype=dtype) / head_dim
    angles = torch.outer(torch.arange(num_positions, dtype=dtype), 1.0 / ROPE_THETA**exponents)
    return torch.stack([angles.cos(), angles.sin()], dim=1).to(device)


def rotate(x: Tensor, rotation: Tensor) -> Tensor:
    """Rotate adjacent pairs of `x` (N, H, D) by `rotation` (N, 2, D / 2), a `rotary_table`'s."""
    cos, sin = rotation[:, None].unbind(2)
    even, odd = torch.unflatten(upcast(x), -1, (-1, 2)).unbind(-1)
    rotated = torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1)
    return rotated.flatten(-2).to(x.dtype)


def timestep_embedding(t: Tensor, dim: int) -> Tensor:
    """Return cosines and sines (B, dim) of `t` (B,) at `dim` / 2 frequencies, in the dtype of `t`.

    Built in upstream's order of operations, on the CPU up to the product: the same bits anywhere.
    """
    half = dim // 2
    log_period = torch.log(torch.tensor(10_000.0))
    frequencies = 1000 * torch.exp(-log_period * torch.arange(half, dtype=torch.float32) / half)
    angles = t[:, None] * frequencies.to(t.device)
    return torch.cat([angles.cos(), angles.sin()], dim=1).to(t.dtype)


def silu_mul(w13: Tensor) -> Tensor:
    """Return the first half of the columns of `w13` (N, 2 F) under SiLU, times the second."""
    a, b = w13.chunk(2, dim=-1)
    return F.silu(a) * b


def gated(attended: Tensor, gate: Tensor) -> Tensor:
    """Return `attended` times the sigmoid of `gate`, both (N, C)."""
    return attended * torch.sigmoid(gate)


class MLP(nn.Module):
    """SwiGLU with both input projections in one matrix."""

    def __init__(self, dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.w13 = nn.Linear(dim, 2 * hidden_dim, bias=False)
        self.w2 = nn.Linear(hidden_dim, dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` (N, C) to (N, C)."""
        out: Tensor = self.w2(silu_mul(self.w13(x)))
        return out


class GatedProjections(nn.Module):
    """The projections that self-attention and joint attention share.

    Query, key, value and gate in one matrix, RMSNorm on queries and keys with one weight per
    head, and the gated output projection.
    """

    def __init__(self, dim: int, num_heads: int, eps: float) -> None:
        super().__init__()
        self.num_heads, self.eps = num_heads, eps
        self.wqkvg = nn.Linear(dim, 4 * dim, bias=False)
        self.wo = nn.Linear(dim, dim, bias=False)
        self.q_norm = nn.Parameter(torch.empty(num_heads, dim // num_heads))
        self.k_norm = nn.Parameter(torch.empty(num_heads, dim // num_heads))

    def project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return normalised queries and keys, values, each (N, H, D), and the gate (N, C)."""
        q, k, v, gate = self.wqkvg(x).chunk(4, dim=-1)
        q, k, v = (y.unflatten(-1, (self.num_heads, -1)) for y in (q, k, v))
        return rms_norm(q, self.q_norm, self.eps), rms_norm(k, self.k_norm, self.eps), v, gate

    def merge(self, attended: Tensor, gate: Tensor) -> Tensor:
        """Return the output (N, C) from `attended` (N, H, D) and `gate` (N, C)."""
        out: Tensor = self.wo(gated(attended.flatten(-2), gate))
        return out
