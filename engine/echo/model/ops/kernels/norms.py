"""RMS norm with modulation, alone and after a product that is added."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from engine.echo.model.ops.kernels.launch import launch_options, wait
from engine.echo.model.ops.kernels.products import linear_in_parts
from engine.echo.model.ops.plain import GATE, SCALE, SHIFT

_SCALE, _SHIFT = tl.constexpr(SCALE), tl.constexpr(SHIFT)


@triton.jit
def _loaded(modulation, c, ok, C):
    """Return scale and shift of a row of modulation."""
    scale = tl.load(modulation + _SCALE * C + c, mask=ok, other=0.0).to(tl.float32)
    shift = tl.load(modulation + _SHIFT * C + c, mask=ok, other=0.0).to(tl.float32)
    return scale, shift


@triton.jit
def _modulated(v, scale, shift, C, eps):
    r = 1.0 / tl.sqrt(tl.sum(v * v, axis=0) / C + eps)
    return v * r * scale + shift


@triton.jit
def _norm_modulate(
    x, modulation, rows, out, C, row_stride, eps, BLOCK: tl.constexpr, CHAINED: tl.constexpr
):
    n = tl.program_id(0).to(tl.int64)
    c = tl.arange(0, BLOCK)
    ok = c < C
    row = tl.load(rows + n).to(tl.int64) * row_stride
    scale, shift = _loaded(modulation + row, c, ok, C)
    wait(CHAINED)
    v = tl.load(x + n * C + c, mask=ok, other=0.0).to(tl.float32)
    h = _modulated(v, scale, shift, C, eps)
    tl.store(out + n * C + c, h.to(out.dtype.element_ty), mask=ok)


@triton.jit(do_not_specialize=["N"])
def _residual_norm_modulate(
    x,
    y,
    gates,
    modulation,
    rows,
    out,
    N,
    C,
    row_stride,
    eps,
    GATE: tl.constexpr,
    PARTS: tl.constexpr,
    BLOCK: tl.constexpr,
    CHAINED: tl.constexpr,
):
    n = tl.program_id(0).to(tl.int64)
    c = tl.arange(0, BLOCK)
    ok = c < C
    kind = x.dtype.element_ty
    row = tl.load(rows + n).to(tl.int64) * row_stride
    gate = tl.load(gates + row + GATE * C + c, mask=ok, other=0.0).to(tl.float32)
    scale, shift = _loaded(modulation + row, c, ok, C)
    wait(CHAINED)
    v = tl.load(y + n * C + c, mask=ok, other=0.0).to(tl.float32)
    for part in tl.static_range(1, PARTS):
        v += tl.load(y + (part * N + n) * C + c, mask=ok, other=0.0)
    v = v.to(kind).to(tl.float32)
    before = tl.load(x + n * C + c, mask=ok, other=0.0).to(tl.float32)
    after = (before + (gate * v).to(kind).to(tl.float32)).to(kind)
    tl.store(x + n * C + c, after, mask=ok)
    h = _modulated(after.to(tl.float32), scale, shift, C, eps)
    tl.store(out + n * C + c, h.to(kind), mask=ok)


def norm_modulate(x: Tensor, modulation: Tensor, rows: Tensor, eps: float) -> Tensor:
    """See `Ops`."""
    num_positions, dim = x.shape
    out = torch.empty_like(x)
    _norm_modulate[(num_positions,)](
        x,
        modulation,
        rows,
        out,
        dim,
        modulation.stride(0),
        eps,
        BLOCK=triton.next_power_of_2(dim),
        **launch_options(x),
    )
    return out


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
    num_positions, dim = x.shape
    assert gates.stride(0) == modulation.stride(0), "both are parts of one table"
    y, out = linear_in_parts(a, weight), torch.empty_like(x)
    _residual_norm_modulate[(num_positions,)](
        x,
        y,
        gates,
        modulation,
        rows,
        out,
        num_positions,
        dim,
        modulation.stride(0),
        eps,
        GATE=GATE,
        PARTS=len(y),
        BLOCK=triton.next_power_of_2(dim),
        **launch_options(x),
    )
    return out
