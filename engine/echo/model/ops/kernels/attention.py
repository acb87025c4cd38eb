"""Attention of tiles of queries to their lane's own keys and to its context, where that lies.

The online softmax of FlashAttention (Dao, 2023, arXiv:2307.08691, algorithm 1): block after block
of keys, first the lane's own, then each part of its context. A lane's keys come in the same blocks
whatever else is in the pass, and so every sum rounds the same.

A pass of few rows has few tiles. There several programs divide the keys of each, as Flash-Decoding
does (Dao et al., 2023), and a second kernel joins what they found.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import triton
import triton.language as tl
from torch import Tensor

from engine.echo.model.attention import Lane
from engine.echo.model.ops.kernels.launch import is_chained, launch_options, wait
from engine.echo.model.packing import MAX_PARTS, TILE, Tables

_NUM_WARPS = 4
_JOINED_ROWS = 16


class _Division(NamedTuple):
    """The division of work on the keys of a tile.

    Attributes:
        keys: Keys of a block.
        stages: Blocks whose load is under way at once.
        splits: Programs that divide them.
    """

    keys: int
    stages: int
    splits: int


_MANY_TILES, _FEW_TILES = _Division(64, 3, 1), _Division(32, 4, 4)
"""The fastest on an H200 in bfloat16."""
_FLOAT = _Division(32, 1, 1)
"""One that fits any card in float32."""

_MAX_PARTS = tl.constexpr(MAX_PARTS)


@triton.jit(do_not_specialize=["layer"])
def _attend(
    qkvg,
    tiles,
    parts,
    out,
    sums,
    scales,
    layer,
    stride,
    scale,
    H: tl.constexpr,
    D: tl.constexpr,
    TILE: tl.constexpr,
    KEYS: tl.constexpr,
    CAUSAL: tl.constexpr,
    SPLITS: tl.constexpr,
    CHAINED: tl.constexpr,
):
    """Work on one tile, one head and one of SPLITS parts of its keys.

    The keys are those of four segments, each of which is a first address, a distance between rows,
    one between a key and its value, and a number of rows. One loop runs over the blocks of all.
    """
    kind = qkvg.dtype.element_ty
    num_bytes: tl.constexpr = kind.primitive_bitwidth // 8
    width: tl.constexpr = H * D
    tile = tiles + tl.program_id(0) * 4
    first, start, stop = tl.load(tile), tl.load(tile + 1), tl.load(tile + 2)
    lane = tl.load(tile + 3)
    is_lane = lane >= 0  # positions of none have no keys
    part = parts + tl.maximum(lane, 0) * _MAX_PARTS * 2
    keys_1, keys_2, keys_3 = tl.load(part), tl.load(part + 2), tl.load(part + 4)
    rows_0 = tl.where(is_lane, stop - start, 0)
    rows_1 = tl.where(is_lane, tl.load(part + 1).to(tl.int32), 0)
    rows_2 = tl.where(is_lane, tl.load(part + 3).to(tl.int32), 0)
    rows_3 = tl.where(is_lane, tl.load(part + 5).to(tl.int32), 0)
    wait(CHAINED)
    if first >= stop:
        return
    head = tl.program_id(1) * D
    d = tl.arange(0, D)
    n = first + tl.arange(0, TILE)
    known = (n < stop)[:, None]
    own = qkvg + n.to(tl.int64)[:, None] * stride + head + d[None, :]
    q = tl.load(own, mask=known, other=0.0)

    plane = layer.to(tl.int64) * 2 * width
    keys_0 = (qkvg + start.to(tl.int64) * stride + width + head).to(tl.int64)
    keys_1 += (plane * rows_1 + head) * num_bytes
    keys_2 += (plane * rows_2 + head) * num_bytes
    keys_3 += (plane * rows_3 + head) * num_bytes
    end_0 = tl.cdiv(rows_0, KEYS)
    end_1 = end_0 + tl.cdiv(rows_1, KEYS)
    end_2 = end_1 + tl.cdiv(rows_2, KEYS)
    end_3 = end_2 + tl.cdiv(rows_3, KEYS)

    highest = tl.full((TILE,), float("-inf"), tl.float32)
    total = tl.zeros((TILE,), tl.float32)
    attended = tl.zeros((TILE, D), tl.float32)
    split = tl.program_id(2)
    for block in range(split * end_3 // SPLITS, (split + 1) * end_3 // SPLITS):
        in_0, in_1, in_2 = block < end_0, block < end_1, block < end_2
        rows = tl.where(in_0, rows_0, tl.where(in_1, rows_1, tl.where(in_2, rows_2, rows_3)))
        keys = tl.where(in_0, keys_0, tl.where(in_1, keys_1, tl.where(in_2, keys_2, keys_3)))
        begin = tl.where(in_0, 0, tl.where(in_1, end_0, tl.where(in_2, end_1, end_2)))
        distance = tl.multiple_of(tl.where(in_0, stride, width), 16)
        to_value = tl.multiple_of(tl.where(in_0, width, rows * width), 16)
        base = tl.multiple_of(keys.to(tl.pointer_type(kind)), 16)
        row = (block - begin) * KEYS + tl.arange(0, KEYS)
        there = row < rows
        # Beyond the last row it is loaded again, for nothing: a mask on the load would cost more.
        at = tl.minimum(row, rows - 1) * distance
        k = tl.load(base + (at[None, :] + d[:, None]))
        scores = tl.dot(q, k, input_precision="ieee")
        seen = there[None, :]
        if CAUSAL:  # the first block has a key for every query: no row of scores is empty then
            seen = seen & (row[None, :] <= (n - start)[:, None])
        scores = tl.where(seen, scores, float("-inf"))
        higher = tl.maximum(highest, tl.max(scores, axis=1) * scale)
        weights = tl.exp2(scores * scale - higher[:, None])
        kept = tl.exp2(highest - higher)
        total = total * kept + tl.sum(weights, axis=1)
        v = tl.load(base + to_value + (at[:, None] + d[None, :]))
        attended = tl.dot(weights.to(kind), v, attended * kept[:, None], input_precision="ieee")
        highest = higher

    if SPLITS > 1:
        at = ((tl.program_id(0) * H + tl.program_id(1)) * SPLITS + split) * TILE
        t = at + tl.arange(0, TILE)
        tl.store(sums + t[:, None] * D + d[None, :], attended)
        tl.store(scales + t * 2, highest)
        tl.store(scales + t * 2 + 1, total)
    else:
        to = out + n.to(tl.int64)[:, None] * width + head + d[None, :]
        _store(to, attended, total, own + 3 * width, known, is_lane)


@triton.jit
def _store(out, attended, total, gate, known, is_lane):
    """Store the mean of the values, `attended` / `total`, under its gate."""
    kind = out.dtype.element_ty
    g = tl.load(gate, mask=known, other=0.0).to(tl.float32)
    g = (1.0 / (1.0 + tl.exp(-g))).to(kind).to(tl.float32)
    total = tl.where(is_lane, total, 1.0)
    attended = (attended / total[:, None]).to(kind).to(tl.float32)
    tl.store(out, (attended * g).to(kind), mask=known)


@triton.jit
def _join_splits(
    qkvg,
    tiles,
    out,
    sums,
    scales,
    stride,
    H: tl.constexpr,
    D: tl.constexpr,
    TILE: tl.constexpr,
    SPLITS: tl.constexpr,
    ROWS: tl.constexpr,
    CHAINED: tl.constexpr,
):
    """Work on ROWS queries of one tile and one head."""
    width: tl.constexpr = H * D
    tile = tiles + tl.program_id(0) * 4
    first, stop, lane = tl.load(tile), tl.load(tile + 2), tl.load(tile + 3)
    t = tl.program_id(2) * ROWS + tl.arange(0, ROWS)
    wait(CHAINED)
    d = tl.arange(0, D)
    n = (first + t).to(tl.int64)
    known = (n < stop)[:, None]
    spot = ((tl.program_id(0) * H + tl.program_id(1)) * SPLITS) * TILE + t
    here = (n < stop) & (lane >= 0)
    highest = tl.full((ROWS,), float("-inf"), tl.float32)
    for split in tl.static_range(SPLITS):
        at = spot + split * TILE
        highest = tl.maximum(highest, tl.load(scales + at * 2, mask=here, other=0.0))
    total = tl.zeros((ROWS,), tl.float32)
    attended = tl.zeros((ROWS, D), tl.float32)
    for split in tl.static_range(SPLITS):
        at = spot + split * TILE
        share = tl.exp2(tl.load(scales + at * 2, mask=here, other=0.0) - highest)
        total += share * tl.load(scales + at * 2 + 1, mask=here, other=1.0)
        part = tl.load(sums + at[:, None] * D + d[None, :], mask=here[:, None], other=0.0)
        attended += share[:, None] * part
    head = tl.program_id(1) * D + d[None, :]
    gate = qkvg + n[:, None] * stride + 3 * width + head
    _store(out + n[:, None] * width + head, attended, total, gate, known, lane >= 0)


def attend(
    qkvg: Tensor,
    num_heads: int,
    layer: int,
    tables: Tables,
    lanes: Sequence[Lane],
    *,
    causal: bool = False,
) -> Tensor:
    """See `Ops`; the width of a head must be a power of two, of 16 at least."""
    num_positions, channels = len(qkvg), qkvg.shape[1] // 4
    head_dim = channels // num_heads
    out = torch.empty((num_positions, channels), dtype=qkvg.dtype, device=qkvg.device)
    num_tiles = len(tables.tiles)
    division = _divide(qkvg, causal=causal)
    sums = scales = out
    if division.splits > 1:
        places = (num_tiles, num_heads, division.splits, TILE)
        sums = torch.empty((*places, head_dim), dtype=torch.float32, device=out.device)
        scales = torch.empty((*places, 2), dtype=torch.float32, device=out.device)
    _attend[(num_tiles, num_heads, division.splits)](
        qkvg,
        tables.tiles,
        tables.parts,
        out,
        sums,
        scales,
        layer,
        qkvg.stride(0),
        math.log2(math.e) / math.sqrt(head_dim),
        H=num_heads,
        D=head_dim,
        TILE=TILE,
        KEYS=division.keys,
        CAUSAL=causal,
        SPLITS=division.splits,
        num_warps=_NUM_WARPS,
        num_stages=division.stages,
        **launch_options(qkvg),
    )
    if division.splits > 1:
        _join_splits[(num_tiles, num_heads, TILE // _JOINED_ROWS)](
            qkvg,
            tables.tiles,
            out,
            sums,
            scales,
            qkvg.stride(0),
            H=num_heads,
            D=head_dim,
            TILE=TILE,
            SPLITS=division.splits,
            ROWS=_JOINED_ROWS,
            **launch_options(qkvg),
        )
    return out


def _divide(qkvg: Tensor, *, causal: bool) -> _Division:
    """Return how the keys of a pass are worked on."""
    if qkvg.element_size() > 2:
        return _FLOAT
    # Under a causal mask a program could find no key that a query sees.
    return _FEW_TILES if is_chained(qkvg) and not causal else _MANY_TILES
