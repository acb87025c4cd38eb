"""A causal convolution, its bias, the residual stream and the activation after it, in one launch.

One program works on a tile of rows and output channels. Its input comes once for every tap, mostly
from the caches; what it makes is written once.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from engine.echo.model.ops.convolution import LARGEST, Activation, ConvLayer, Stream
from engine.echo.model.ops.kernels.tiles import Tile, precision_for, tile_for

_LARGEST = tl.constexpr(LARGEST)
_ALL = tl.constexpr(tl.PropagateNan.ALL)
_INVERSE_PI = tl.constexpr(0.3183098861837907)
_ROUNDER = tl.constexpr(12582912.0)  # adding it rounds a float32 to an integer


@triton.jit
def _snake(y, alpha):
    """Return y + sin^2(alpha y) / alpha; the polynomial is within 2e-7 of sin^2."""
    turns = y * (alpha * _INVERSE_PI)
    u = turns - ((turns + _ROUNDER) - _ROUNDER)
    u *= u
    p = -3.2729461913704703 * u + 12.990730490856153
    p = p * u - 30.085953214302883
    p = p * u + 42.725384792841574
    p = p * u - 32.469581115954405
    p = p * u + 9.869602920251861
    return y + p * u * (1.0 / (alpha + 1e-9))


@triton.jit
def _tanh(y):
    e = tl.exp(-2.0 * tl.abs(y))
    return tl.where(y < 0, e - 1.0, 1.0 - e) / (1.0 + e)


@triton.jit
def _finish(
    y,
    start,
    c,
    bias,
    alpha,
    stream,
    out,
    T,
    C_OUT: tl.constexpr,
    READS: tl.constexpr,
    WRITES: tl.constexpr,
    SNAKE: tl.constexpr,
    TANH: tl.constexpr,
):
    """Write what becomes of the sums `y`, whose first row is `start` and whose channels are `c`."""
    t = tl.arange(0, y.shape[0])
    offset = start.to(tl.int64) * C_OUT
    at = t[:, None] * C_OUT + c[None, :]
    fits = c < C_OUT
    ok = (start + t < T)[:, None] & fits[None, :]
    y += tl.load(bias + c, mask=fits, other=0.0)[None, :]
    if READS:
        y += tl.load(stream + offset + at, mask=ok, other=0.0)
    if WRITES:
        tl.store(stream + offset + at, y, mask=ok)
    if SNAKE:
        y = _snake(y, tl.load(alpha + c, mask=fits, other=1.0)[None, :])
        y = tl.clamp(y, -_LARGEST, _LARGEST, propagate_nan=_ALL)  # what is no number stays so
    if TANH:
        y = _tanh(y)
    tl.store(out + offset + at, y.to(out.dtype.element_ty), mask=ok)


@triton.jit(do_not_specialize=["dilation"])
def _causal_conv(
    a,
    weight,
    bias,
    alpha,
    stream,
    out,
    T,
    dilation,
    C_IN: tl.constexpr,
    C_OUT: tl.constexpr,
    TAPS: tl.constexpr,
    READS: tl.constexpr,
    WRITES: tl.constexpr,
    SNAKE: tl.constexpr,
    TANH: tl.constexpr,
    PRECISION: tl.constexpr,
    BLOCK_T: tl.constexpr,
    WIDE: tl.constexpr,
    NARROW: tl.constexpr,
    BLOCK_K: tl.constexpr,
):
    """Work on BLOCK_T rows of WIDE output channels and, unless that is 0, NARROW more."""
    start = tl.program_id(1) * BLOCK_T
    first = tl.program_id(0) * (WIDE + NARROW)
    t, k, c = tl.arange(0, BLOCK_T), tl.arange(0, BLOCK_K), first + tl.arange(0, WIDE)
    oldest = start - (TAPS - 1) * dilation
    a += oldest.to(tl.int64) * C_IN + (t[:, None] * C_IN + k[None, :])
    wide = weight + c[:, None] * (TAPS * C_IN) + k[None, :]
    y = tl.zeros((BLOCK_T, WIDE), tl.float32)
    if NARROW:
        d = first + WIDE + tl.arange(0, NARROW)
        narrow = weight + d[:, None] * (TAPS * C_IN) + k[None, :]
        z = tl.zeros((BLOCK_T, NARROW), tl.float32)
    for i in range(TAPS * tl.cdiv(C_IN, BLOCK_K)):
        tap, block = i % TAPS, i // TAPS * BLOCK_K
        in_width = (block + k < C_IN)[None, :]
        seen = ((oldest + tap * dilation + t >= 0) & (start + t < T))[:, None] & in_width
        rows = tl.load(a + (tap * (dilation * C_IN) + block), mask=seen, other=0.0)
        at = tap * C_IN + block
        w = tl.load(wide + at, mask=(c < C_OUT)[:, None] & in_width, other=0.0)
        y = tl.dot(rows, w.T, y, input_precision=PRECISION)
        if NARROW:
            w = tl.load(narrow + at, mask=(d < C_OUT)[:, None] & in_width, other=0.0)
            z = tl.dot(rows, w.T, z, input_precision=PRECISION)
    _finish(y, start, c, bias, alpha, stream, out, T, C_OUT, READS, WRITES, SNAKE, TANH)
    if NARROW:
        _finish(z, start, d, bias, alpha, stream, out, T, C_OUT, READS, WRITES, SNAKE, TANH)


def constants(layer: ConvLayer, tile: Tile, precision: str) -> dict[str, object]:
    """Return what the kernel is compiled for."""
    num_out, num_taps, num_in = layer.weight.shape
    return {
        "C_IN": num_in,
        "C_OUT": num_out,
        "TAPS": num_taps,
        "READS": layer.stream in (Stream.ADD, Stream.END),
        "WRITES": layer.stream in (Stream.START, Stream.ADD),
        "SNAKE": layer.activation is Activation.SNAKE,
        "TANH": layer.activation is Activation.TANH,
        "PRECISION": precision,
        "BLOCK_T": tile.rows,
        "WIDE": tile.wide,
        "NARROW": tile.narrow,
        "BLOCK_K": tile.depth,
    }


def causal_conv(a: Tensor, layer: ConvLayer, stream: Tensor | None) -> tuple[Tensor | None, Tensor]:
    """See `Ops`."""
    num_rows = len(a)
    num_out = len(layer.weight)
    assert a.is_contiguous(), "rows lie one after the other"
    kind = a.dtype if layer.activation is Activation.SNAKE else torch.float32
    out = torch.empty((num_rows, num_out), dtype=kind, device=a.device)
    if layer.stream is Stream.START:
        stream = torch.empty((num_rows, num_out), dtype=torch.float32, device=a.device)
    tile = tile_for(layer.weight)
    grid = (triton.cdiv(num_out, tile.columns), triton.cdiv(num_rows, tile.rows))
    _causal_conv[grid](
        a,
        layer.weight,
        layer.bias,
        layer.alpha,
        stream,
        out,
        num_rows,
        layer.dilation,
        **constants(layer, tile, precision_for(layer.weight)),
        num_warps=tile.warps,
        num_stages=tile.stages,
    )
    out = out.view(-1, layer.num_channels)
    if layer.stream is Stream.END or stream is None:
        return None, out
    return stream.view(-1, layer.num_channels), out
