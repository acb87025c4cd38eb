"""Norms and rotation of queries and keys; keys and values are written to the workspace."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from engine.echo.model.packing import Workspace


@triton.jit
def _turned_heads(qkvg, weight, rotation, c, eps, H: tl.constexpr, D: tl.constexpr):
    j = tl.arange(0, D // 2)[None, :]
    cos, sin = tl.load(rotation + j), tl.load(rotation + D // 2 + j)
    kind = qkvg.dtype.element_ty
    heads = tl.reshape(tl.load(qkvg + c).to(tl.float32), (H, D))
    r = 1.0 / tl.sqrt(tl.sum(heads * heads, axis=1) / D + eps)[:, None]
    heads = (heads * r * tl.reshape(tl.load(weight + c).to(tl.float32), (H, D))).to(kind)
    # Whole rows were loaded: the pairs that turn together are neighbours in registers.
    even, odd = tl.split(tl.reshape(heads.to(tl.float32), (H, D // 2, 2)))
    turns = tl.arange(0, H)[:, None] < H // 2
    turned_even = tl.where(turns, even * cos - odd * sin, even)
    turned_odd = tl.where(turns, even * sin + odd * cos, odd)
    return tl.reshape(tl.join(turned_even.to(kind), turned_odd.to(kind)), (H * D,))


@triton.jit
def _place_heads(
    qkvg,
    q_weight,
    k_weight,
    rotation,
    slots,
    q,
    keys,
    values,
    stride,
    eps,
    H: tl.constexpr,
    D: tl.constexpr,
):
    n = tl.program_id(0).to(tl.int64)
    c = tl.arange(0, H * D)
    own, turn = qkvg + n * stride, rotation + n * D
    slot = tl.load(slots + n).to(tl.int64) * H * D
    tl.store(q + n * H * D + c, _turned_heads(own, q_weight, turn, c, eps, H, D))
    tl.store(keys + slot + c, _turned_heads(own + H * D, k_weight, turn, c, eps, H, D))
    tl.store(values + slot + c, tl.load(own + 2 * H * D + c))


def place_heads(
    qkvg: Tensor,
    q_weight: Tensor,
    k_weight: Tensor,
    rotation: Tensor,
    slots: Tensor,
    workspace: Workspace,
    eps: float,
) -> Tensor:
    """See `Ops`; the heads' number and width must be powers of two."""
    num_positions, (num_heads, head_dim) = len(qkvg), q_weight.shape
    q = torch.empty((num_positions, num_heads, head_dim), dtype=qkvg.dtype, device=qkvg.device)
    _place_heads[(num_positions,)](
        qkvg,
        q_weight,
        k_weight,
        rotation,
        slots,
        q,
        workspace.keys,
        workspace.values,
        qkvg.stride(0),
        eps,
        H=num_heads,
        D=head_dim,
    )
    return q
