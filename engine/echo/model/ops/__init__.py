"""The functions of the transformer and the codec that a fused kernel may replace.

`plain` defines them in PyTorch and is what a CPU runs; `fused` are Triton kernels that take the
same rounding steps in one launch each. `ops_for` is the only place where one is chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from engine.echo.model.attention import Lane
from engine.echo.model.ops import plain
from engine.echo.model.ops.convolution import ConvLayer
from engine.echo.model.packing import Tables


class Ops(Protocol):
    """One implementation. N packed positions, C = H D channels, R rows of modulation."""

    def norm_modulate(self, x: Tensor, modulation: Tensor, rows: Tensor, eps: float) -> Tensor:
        """Return `x` (N, C), normalised, then scaled and shifted as `modulation` (R, 3, C) says.

        `rows` (N,) holds each position's row.
        """

    def linear(self, x: Tensor, weight: Tensor) -> Tensor:
        """Return the product (N, C_out) of `x` (N, C_in) with `weight` (C_out, C_in)."""

    def silu_linear(self, x: Tensor, weight: Tensor) -> Tensor:
        """Return the first half of the columns of `linear` under SiLU, times the second."""

    def residual_norm_modulate(
        self,
        x: Tensor,
        a: Tensor,
        weight: Tensor,
        gates: Tensor,
        modulation: Tensor,
        rows: Tensor,
        eps: float,
    ) -> Tensor:
        """Add `linear` of `a` and `weight` to `x` (N, C) in place, then do as `norm_modulate`.

        What is added is gated by `gates` (R, 3, C).
        """

    def turn_heads(
        self,
        qkvg: Tensor,
        q_weight: Tensor,
        k_weight: Tensor,
        rotation: Tensor,
        num_turning: int,
        eps: float,
    ) -> None:
        """Normalise and rotate the queries and keys of `qkvg` (N, 4 C) in place.

        They are normalised by head with weights (H, D), and the first `num_turning` heads are
        rotated by `rotation` (N, 2, D / 2).
        """

    def attend(
        self,
        qkvg: Tensor,
        num_heads: int,
        layer: int,
        tables: Tables,
        lanes: Sequence[Lane],
        *,
        causal: bool = False,
    ) -> Tensor:
        """Return the gated attention (N, C) of every lane to its own keys and its context's.

        `qkvg` (N, 4 C) holds queries, keys, values and the gate, whose sigmoid multiplies what is
        attended. The lanes are those of `tables`; where a position is of none, the result is 0.
        Where it is causal, no position sees a later one of its lane.
        """

    def take_step(self, x: Tensor, v: Tensor, tables: Tables) -> Tensor:
        """Return the states after a step, like `x` (N, latent_dim), as `packing.Update` defines it.

        `v` holds the velocities of all lanes, in any dtype. Where a position is no job's state, the
        result is `x`.
        """

    def causal_conv(
        self, a: Tensor, layer: ConvLayer, stream: Tensor | None
    ) -> tuple[Tensor | None, Tensor]:
        """Apply a layer of the codec to its input `a` (T, C_in).

        Return the residual stream after it, in float32, and its output, both (rows, channels) with
        T C_out / channels rows: the Snake of the sum, which is the next layer's input in the dtype
        of `a`, or in float32 the sum or its hyperbolic tangent. `stream` may be changed in place.
        """


def fits_kernels(head_dim: int) -> bool:
    """Return whether fused kernels can attend with heads of that width."""
    return head_dim >= 16 and head_dim & (head_dim - 1) == 0


def ops_for(fused: bool) -> Ops:
    """Return the fused kernels, which need Triton, or the plain functions."""
    if not fused:
        return plain
    from engine.echo.model.ops import fused as kernels  # Triton is not everywhere

    return kernels
