"""The Euler step: guidance, rescaling and the update of every job's state."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from engine.echo.model.ops.kernels.launch import launch_options, wait
from engine.echo.model.packing import NUM_SCALARS, Tables

_NUM_SCALARS = tl.constexpr(NUM_SCALARS)


@triton.jit
def _take_step(
    x,
    v,
    updates,
    no_text,
    no_speaker,
    scalars,
    out,
    D,
    BLOCK: tl.constexpr,
    CHAINED: tl.constexpr,
):
    n = tl.program_id(0).to(tl.int64)
    d = tl.arange(0, BLOCK)
    ok = d < D
    text = tl.load(no_text + n).to(tl.int64)
    speaker = tl.load(no_speaker + n).to(tl.int64)
    own = scalars + tl.load(updates + n) * _NUM_SCALARS
    text_scale, speaker_scale = tl.load(own), tl.load(own + 1)
    ratio, pull, dt = tl.load(own + 2), tl.load(own + 3), tl.load(own + 4)
    wait(CHAINED)
    before = tl.load(x + n * D + d, mask=ok, other=0.0)
    cond = tl.load(v + n * D + d, mask=ok, other=0.0).to(tl.float32)
    guided = cond + text_scale * (
        cond - tl.load(v + text * D + d, mask=ok, other=0.0).to(tl.float32)
    )
    guided += speaker_scale * (
        cond - tl.load(v + speaker * D + d, mask=ok, other=0.0).to(tl.float32)
    )
    tl.store(out + n * D + d, before + (ratio * guided + pull * before) * dt, mask=ok)


def take_step(x: Tensor, v: Tensor, tables: Tables) -> Tensor:
    """See `Ops`; states are in float32."""
    num_positions, dim = x.shape
    out = torch.empty_like(x)
    _take_step[(num_positions,)](
        x,
        v,
        tables.updates,
        tables.no_text,
        tables.no_speaker,
        tables.scalars,
        out,
        dim,
        BLOCK=triton.next_power_of_2(dim),
        **launch_options(x),
    )
    return out
