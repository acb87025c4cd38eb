"""Attention of tiles of queries to their lane's own keys and to its context, where that lies.

The online softmax of FlashAttention (Dao, 2023, arXiv:2307.08691, algorithm 1): block after block
of keys, first the lane's own, then each part of its context. A lane's keys come in the same blocks
whatever else is in the pass, and so every sum rounds the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import triton
import triton.language as tl
from torch import Tensor

from engine.echo.model.attention import Lane
from engine.echo.model.packing import MAX_PARTS, TILE, Tables

_NUM_WARPS = 4
_HALF, _FLOAT = (64, 3), (32, 1)
"""Keys of a block, and blocks whose load is under way at once, by the size of a number: what was
fastest on an H200 in bfloat16, and what fits any card in float32."""

_MAX_PARTS = tl.constexpr(MAX_PARTS)


@triton.jit(do_not_specialize=["layer"])
def _attend(
    qkvg,
    tiles,
    parts,
    out,
    layer,
    stride,
    scale,
    H: tl.constexpr,
    D: tl.constexpr,
    TILE: tl.constexpr,
    KEYS: tl.constexpr,
    CAUSAL: tl.constexpr,
):
    """Work on one tile and one head.

    The keys are those of four segments, each of which is a first address, a distance between rows,
    one between a key and its value, and a number of rows. One loop runs over the blocks of all.
    """
    kind = qkvg.dtype.element_ty
    num_bytes: tl.constexpr = kind.primitive_bitwidth // 8
    width: tl.constexpr = H * D
    tile = tiles + tl.program_id(0) * 4
    first, start, stop = tl.load(tile), tl.load(tile + 1), tl.load(tile + 2)
    lane = tl.load(tile + 3)
    if first >= stop:
        return
    is_lane = lane >= 0  # positions of none have no keys
    part = parts + tl.maximum(lane, 0) * _MAX_PARTS * 2
    head = tl.program_id(1) * D
    d = tl.arange(0, D)
    n = first + tl.arange(0, TILE)
    known = (n < stop)[:, None]
    own = qkvg + n.to(tl.int64)[:, None] * stride + head + d[None, :]
    q = tl.load(own, mask=known, other=0.0)

    rows_0 = tl.where(is_lane, stop - start, 0)
    keys_0 = (qkvg + start.to(tl.int64) * stride + width + head).to(tl.int64)
    rows_1 = tl.where(is_lane, tl.load(part + 1).to(tl.int32), 0)
    rows_2 = tl.where(is_lane, tl.load(part + 3).to(tl.int32), 0)
    rows_3 = tl.where(is_lane, tl.load(part + 5).to(tl.int32), 0)
    plane = layer.to(tl.int64) * 2 * width
    keys_1 = tl.load(part) + (plane * rows_1 + head) * num_bytes
    keys_2 = tl.load(part + 2) + (plane * rows_2 + head) * num_bytes
    keys_3 = tl.load(part + 4) + (plane * rows_3 + head) * num_bytes
    end_0 = tl.cdiv(rows_0, KEYS)
    end_1 = end_0 + tl.cdiv(rows_1, KEYS)
    end_2 = end_1 + tl.cdiv(rows_2, KEYS)
    end_3 = end_2 + tl.cdiv(rows_3, KEYS)

    highest = tl.full((TILE,), float("-inf"), tl.float32)
    total = tl.zeros((TILE,), tl.float32)
    attended = tl.zeros((TILE, D), tl.float32)
    for block in range(0, end_3):
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

    gate = tl.load(own + 3 * width, mask=known, other=0.0).to(tl.float32)
    gate = (1.0 / (1.0 + tl.exp(-gate))).to(kind).to(tl.float32)
    total = tl.where(is_lane, total, 1.0)
    attended = (attended / total[:, None]).to(kind).to(tl.float32)
    to = out + n.to(tl.int64)[:, None] * width + head + d[None, :]
    tl.store(to, (attended * gate).to(kind), mask=known)


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
    num_keys, num_stages = _HALF if qkvg.element_size() == 2 else _FLOAT
    _attend[(len(tables.tiles), num_heads)](
        qkvg,
        tables.tiles,
        tables.parts,
        out,
        layer,
        qkvg.stride(0),
        math.log2(math.e) / math.sqrt(head_dim),
        H=num_heads,
        D=head_dim,
        TILE=TILE,
        KEYS=num_keys,
        CAUSAL=causal,
        num_warps=_NUM_WARPS,
        num_stages=num_stages,
    )
    return out
