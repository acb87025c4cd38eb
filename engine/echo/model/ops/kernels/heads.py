"""Norms and rotation of queries and keys, in place."""

from __future__ import annotations

import triton
import triton.language as tl
from torch import Tensor

from engine.echo.model.ops.kernels.launch import launch_options, wait


@triton.jit
def _turned_heads(
    qkvg, weight, rotation, c, ok, num_turning, eps, H: tl.constexpr, D: tl.constexpr
):
    j = tl.arange(0, D // 2)[None, :]
    cos, sin = tl.load(rotation + j), tl.load(rotation + D // 2 + j)
    kind = qkvg.dtype.element_ty
    heads = tl.reshape(tl.load(qkvg + c, mask=ok, other=0.0).to(tl.float32), (H, D))
    r = 1.0 / tl.sqrt(tl.sum(heads * heads, axis=1) / D + eps)[:, None]
    w = tl.reshape(tl.load(weight + c, mask=ok, other=0.0).to(tl.float32), (H, D))
    heads = (heads * r * w).to(kind)
    # Whole rows were loaded: the pairs that turn together are neighbours in registers.
    even, odd = tl.split(tl.reshape(heads.to(tl.float32), (H, D // 2, 2)))
    turns = tl.arange(0, H)[:, None] < num_turning
    turned_even = tl.where(turns, even * cos - odd * sin, even)
    turned_odd = tl.where(turns, even * sin + odd * cos, odd)
    return tl.reshape(tl.join(turned_even.to(kind), turned_odd.to(kind)), (H * D,))


@triton.jit
def _turn_heads(
    qkvg,
    q_weight,
    k_weight,
    rotation,
    stride,
    C,
    num_turning,
    eps,
    H: tl.constexpr,
    D: tl.constexpr,
    CHAINED: tl.constexpr,
):
    """Work on one position, whose C channels are those of H heads at most."""
    n = tl.program_id(0).to(tl.int64)
    c = tl.arange(0, H * D)
    ok = c < C
    own, turn = qkvg + n * stride, rotation + n * D
    wait(CHAINED)
    q = _turned_heads(own, q_weight, turn, c, ok, num_turning, eps, H, D)
    tl.store(own + c, q, mask=ok)
    own += C
    k = _turned_heads(own, k_weight, turn, c, ok, num_turning, eps, H, D)
    tl.store(own + c, k, mask=ok)


def turn_heads(
    qkvg: Tensor,
    q_weight: Tensor,
    k_weight: Tensor,
    rotation: Tensor,
    num_turning: int,
    eps: float,
) -> None:
    """See `Ops`; the width of a head must be a power of two."""
    num_heads, head_dim = q_weight.shape
    _turn_heads[(len(qkvg),)](
        qkvg,
        q_weight,
        k_weight,
        rotation,
        qkvg.stride(0),
        num_heads * head_dim,
        num_turning,
        eps,
        H=triton.next_power_of_2(num_heads),
        D=head_dim,
        **launch_options(qkvg),
    )
