"""A step of many jobs over tables on the device, from functions that kernels may replace.

Its velocities are those of `EchoDiT.forward`, which is the definition and works on any list of
lanes. This one reads the tables of `packing` instead; with fused kernels it needs a fifth of the
launches.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from engine.echo.model.dit import ATTENTION, MLP_HALF, EchoDiT
from engine.echo.model.layers import rms_norm
from engine.echo.model.ops import Ops
from engine.echo.model.ops.plain import GATE, per_position
from engine.echo.model.packing import Segments, Tables, Workspace

Attend = Callable[[Tensor], Tensor]
"""Attention of queries (N, H, D) to the workspace's keys and values."""


def new_workspace(dit: EchoDiT, capacity: int) -> Workspace:
    """Return a workspace for `capacity` keys."""
    shape = (capacity, dit.config.num_heads, dit.config.head_dim)
    keys, values = torch.zeros((2, *shape), dtype=dit.dtype, device=dit.device)
    return Workspace(keys, values)


def packed_step(
    dit: EchoDiT,
    ops: Ops,
    x: Tensor,
    modulation: Tensor,
    rotary: Tensor,
    tables: Tables,
    segments: Segments,
    workspace: Workspace,
    attend: Attend,
) -> Tensor:
    """Return the next states, like packed `x` (N, latent_dim).

    Args:
        dit: The model.
        ops: The functions that it is made of.
        x: The state of every lane, at least in float32.
        modulation: The modulation by each t, (R, layers, 2, 3, C); `tables.rows` numbers its rows.
        rotary: The rotary table of every frame, (MAX_FRAMES, 2, D / 2); `tables.frames` numbers its
            rows.
        tables: The places of the positions.
        segments: The context of the lanes.
        workspace: Room for the keys and values of one layer.
        attend: Attention within the workspace.
    """
    eps, rows = dit.config.norm_eps, tables.rows
    blocks, halves = dit.joint_blocks(), modulation.unbind(1)
    rotation = rotary.index_select(0, tables.frames)
    states, x = x, dit.in_proj(x.to(dit.dtype))
    h = ops.norm_modulate(x, halves[0][:, ATTENTION], rows, eps)
    for layer, block in enumerate(blocks):
        own, now = block.attention, halves[layer]
        qkvg = own.wqkvg(h)
        q = ops.place_heads(qkvg, own.q_norm, own.k_norm, rotation, tables.slots, workspace, eps)
        ops.copy_context(segments, layer, workspace)
        y = own.wo(ops.gated(attend(q).flatten(1), qkvg.chunk(4, dim=-1)[3]))
        h = ops.residual_norm_modulate(x, y, now[:, ATTENTION], now[:, MLP_HALF], rows, eps)
        y = block.mlp.w2(ops.silu_mul(block.mlp.w13(h)))
        if layer < len(blocks) - 1:
            following = halves[layer + 1][:, ATTENTION]
            h = ops.residual_norm_modulate(x, y, now[:, MLP_HALF], following, rows, eps)
    x = x + per_position(halves[-1][:, MLP_HALF], GATE, rows) * y
    velocity = dit.out_proj(rms_norm(x, dit.out_norm, eps))
    return ops.take_step(states, velocity, tables)
