"""Matrix products of few rows: a stream's first block, where reading the weights is all the time.

A program computes some columns of all rows at once. Where there are fewer such programs than the
device has processors, each sums over a part of the weights' width; who reads the parts adds them.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from engine.echo.model.ops.kernels.launch import MAX_ROWS, is_chained, launch_options, wait
from engine.echo.model.ops.kernels.tiles import Tile, fit_to, limits_of

_COLUMNS, _DEPTH = 64, 64
_INTERPRETED_PROCESSORS = 4


@triton.jit(do_not_specialize=["N"])
def _few_rows(
    x,
    weight,
    out,
    N,
    C_OUT,
    C_IN,
    EVEN: tl.constexpr,
    GATED: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
    DEPTH: tl.constexpr,
    CHAINED: tl.constexpr,
):
    """Work on COLUMNS columns of the result and one part of the sum.

    Gated, the weights are those of two products, and the result is SiLU of the first times the
    second.
    """
    part, num_parts = tl.program_id(1), tl.num_programs(1)
    blocks = tl.cdiv(C_IN, DEPTH)
    r, k = tl.arange(0, ROWS), tl.arange(0, DEPTH)
    c = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    known = (r < N)[:, None]
    rows = x + r[:, None] * C_IN + k[None, :]
    columns = weight + tl.minimum(c, C_OUT - 1)[:, None] * C_IN + k[None, :]
    y = tl.zeros((ROWS, COLUMNS), tl.float32)
    z = y
    wait(CHAINED)
    for block in range(part * blocks // num_parts, (part + 1) * blocks // num_parts):
        at = block * DEPTH
        if EVEN:
            a = tl.load(rows + at, mask=known, other=0.0)
            w = tl.load(columns + at)
        else:
            inside = (at + k < C_IN)[None, :]
            a = tl.load(rows + at, mask=known & inside, other=0.0)
            w = tl.load(columns + at, mask=inside, other=0.0)
        y = tl.dot(a, w.T, y, input_precision="ieee")
        if GATED:
            if EVEN:
                w = tl.load(columns + (C_OUT * C_IN + at))
            else:
                w = tl.load(columns + (C_OUT * C_IN + at), mask=inside, other=0.0)
            z = tl.dot(a, w.T, z, input_precision="ieee")
    if GATED:
        kind = x.dtype.element_ty
        y = y.to(kind).to(tl.float32)
        y = (y / (1.0 + tl.exp(-y))).to(kind).to(tl.float32) * z.to(kind).to(tl.float32)
    to = out + (part * N + r[:, None]) * C_OUT + c[None, :]
    tl.store(to, y.to(out.dtype.element_ty), mask=known & (c < C_OUT)[None, :])


def suits(x: Tensor) -> bool:
    """Return whether the product of `x` (N, C_in) with weights is one for this kernel.

    On a card older than Hopper nobody has measured it.
    """
    if x.device.type == "cpu":
        return len(x) <= MAX_ROWS
    return x.element_size() == 2 and is_chained(x)


def multiply(x: Tensor, weight: Tensor, *, gated: bool = False, splits: bool = False) -> Tensor:
    """Return the parts (S, N, C_out) of the product of `x` (N, C_in) with `weight` (C_out, C_in).

    There is one, in the dtype of `x`, unless it `splits`: then there may be several, in float32,
    whose sum it is. Where it is `gated`, C_out is half as many columns, see `Ops.silu_linear`.
    """
    num_rows, num_in = x.shape
    num_out = len(weight) // (2 if gated else 1)
    assert num_rows <= MAX_ROWS, "a program works on all of them"
    assert x.is_contiguous(), "rows lie one after the other"
    assert weight.is_contiguous(), "so do those of the weights"
    num_columns = triton.cdiv(num_out, _COLUMNS)
    num_parts = _num_parts(num_columns, num_in, x.device) if splits else 1
    kind = torch.float32 if num_parts > 1 else x.dtype
    out = torch.empty((num_parts, num_rows, num_out), dtype=kind, device=x.device)
    tile = fit_to(best_tile(num_rows, gated), x)
    _few_rows[(num_columns, num_parts)](
        x,
        weight,
        out,
        num_rows,
        num_out,
        num_in,
        EVEN=num_in % tile.depth == 0,
        GATED=gated,
        ROWS=tile.rows,
        COLUMNS=tile.wide,
        DEPTH=tile.depth,
        num_warps=tile.warps,
        num_stages=tile.stages,
        **launch_options(x),
    )
    return out


def best_tile(num_rows: int, gated: bool) -> Tile:
    """Return the tile that was fastest on an H200, for up to MAX_ROWS rows."""
    rows, warps = (64, 4) if num_rows <= 64 else (128, 8)
    return Tile(rows, _COLUMNS, _COLUMNS if gated else 0, _DEPTH, warps, 6 if gated else 8)


def _num_parts(num_columns: int, num_in: int, device: torch.device) -> int:
    """Return the parts of a sum over `num_in` that keep every processor busy: a power of two."""
    on_gpu = device.type == "cuda"
    processors = limits_of(device).processors if on_gpu else _INTERPRETED_PROCESSORS
    most: int = min(processors // num_columns, triton.cdiv(num_in, _DEPTH))
    return 1 << (max(1, most).bit_length() - 1)
