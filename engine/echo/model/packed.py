"""The transformer and its encoders over tables, from functions that kernels may replace.

Their results are those of `EchoDiT.forward` and of the encoders, which are the definition and work
on any list of lanes. These read the tables of `packing` instead; with fused kernels they need a
fifth of the launches.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from engine.echo.model.attention import KeyValues, Lane
from engine.echo.model.dit import ATTENTION, MLP_HALF, EchoDiT, JointBlock
from engine.echo.model.encoders import Encoder, EncoderBlock
from engine.echo.model.ops import Ops
from engine.echo.model.ops.plain import GATE, SCALE, num_turning_heads
from engine.echo.model.packing import Tables


def packed_step(
    dit: EchoDiT,
    ops: Ops,
    x: Tensor,
    modulation: Tensor,
    rotary: Tensor,
    tables: Tables,
    lanes: Sequence[Lane],
) -> Tensor:
    """Return the next states, like packed `x` (N, latent_dim).

    Args:
        dit: The model.
        ops: The functions that it is made of.
        x: The state of every lane, at least in float32.
        modulation: The modulation by each t, (R, layers + 1, 2, 3, C), that of the norm before the
            output last; `tables.rows` numbers its rows.
        rotary: The rotary table of every frame, (MAX_FRAMES, 2, D / 2); `tables.frames` numbers its
            rows.
        tables: The places of the positions.
        lanes: The lanes; no kernel needs them.
    """
    blocks, half = dit.joint_blocks(), num_turning_heads(dit.config.num_heads)
    rotation = rotary.index_select(0, tables.frames)
    h = dit.in_proj(x.to(dit.dtype))
    h = _run(blocks, ops, h, modulation, rotation, half, tables, lanes)
    return ops.take_step(x, dit.out_proj(h), tables)


def packed_context(
    dit: EchoDiT,
    ops: Ops,
    encoder: Encoder,
    projection: nn.Linear,
    modulation: Tensor,
    x: Tensor,
    turn: Tensor,
    rotation: Tensor | None,
    tables: Tables,
    lanes: Sequence[Lane],
) -> KeyValues:
    """Return the keys and values of what an encoder reads, for all layers of the transformer.

    Args:
        dit: The model.
        ops: The functions that it is made of.
        encoder: Its encoder.
        projection: The projection of what that returns.
        modulation: The weights of its norms, see `norms_as_modulation`.
        x: What it reads: tokens or latents.
        turn: The rotation of its positions, (P, 2, D / 2).
        rotation: That of the keys that it makes, likewise; None where they have no place.
        tables: The place of its one lane.
        lanes: That lane; no kernel needs it.
    """
    x = encoder.embed(x)
    blocks = encoder.encoder_blocks()
    num_heads = blocks[0].attention.num_heads
    h = _run(blocks, ops, x, modulation, turn, num_heads, tables, lanes, causal=encoder.causal)
    return dit.project_context(projection, h, rotation)


def norms_as_modulation(encoder: Encoder, last_norm: Tensor) -> Tensor:
    """Return an encoder's norms and the one after it as modulation, (1, layers + 1, 2, 3, C).

    They scale by their weights and shift by nothing; the residuals have a gate of one.
    """
    blocks = encoder.encoder_blocks()
    table = last_norm.new_zeros((1, len(blocks) + 1, 2, 3, len(last_norm)))
    table[:, :, :, GATE] = 1
    table[0, -1, ATTENTION, SCALE] = last_norm
    for layer, block in enumerate(blocks):
        table[0, layer, ATTENTION, SCALE] = block.attention_norm
        table[0, layer, MLP_HALF, SCALE] = block.mlp_norm
    return table


def _run(
    blocks: Sequence[JointBlock | EncoderBlock],
    ops: Ops,
    x: Tensor,
    modulation: Tensor,
    rotation: Tensor,
    num_turning: int,
    tables: Tables,
    lanes: Sequence[Lane],
    *,
    causal: bool = False,
) -> Tensor:
    """Return what follows the norm after the last block, (N, C), like `x`, which is overwritten."""
    eps, rows = blocks[0].eps, tables.rows
    halves = modulation.unbind(1)
    h = ops.norm_modulate(x, halves[0][:, ATTENTION], rows, eps)
    for layer, (block, now, following) in enumerate(
        zip(blocks, halves[:-1], halves[1:], strict=True)
    ):
        own = block.attention
        qkvg = ops.linear(h, own.wqkvg.weight)
        ops.turn_heads(qkvg, own.q_norm, own.k_norm, rotation, num_turning, eps)
        attended = ops.attend(qkvg, own.num_heads, layer, tables, lanes, causal=causal)
        h = ops.residual_norm_modulate(
            x, attended, own.wo.weight, now[:, ATTENTION], now[:, MLP_HALF], rows, eps
        )
        hidden = ops.silu_linear(h, block.mlp.w13.weight)
        h = ops.residual_norm_modulate(
            x, hidden, block.mlp.w2.weight, now[:, MLP_HALF], following[:, ATTENTION], rows, eps
        )
    return h
