"""The functions of the transformer and the codec that a fused kernel may replace.

`plain` defines them in PyTorch and is what a CPU runs; `fused` are Triton kernels that take the
same rounding steps in one launch each. `ops_for` is the only place where one is chosen.
"""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from engine.echo.model.ops import plain
from engine.echo.model.packing import Segments, Tables, Workspace


class Ops(Protocol):
    """One implementation. N packed positions, C = H D channels, R rows of modulation."""

    def norm_modulate(self, x: Tensor, modulation: Tensor, rows: Tensor, eps: float) -> Tensor:
        """Return `x` (N, C), normalised, then scaled and shifted as `modulation` (R, 3, C) says.

        `rows` (N,) holds each position's row.
        """

    def residual_norm_modulate(
        self, x: Tensor, y: Tensor, gates: Tensor, modulation: Tensor, rows: Tensor, eps: float
    ) -> Tensor:
        """Add `y` (N, C), gated by `gates` (R, 3, C), to `x` in place; then as `norm_modulate`."""

    def place_heads(
        self,
        qkvg: Tensor,
        q_weight: Tensor,
        k_weight: Tensor,
        rotation: Tensor,
        slots: Tensor,
        workspace: Workspace,
        eps: float,
    ) -> Tensor:
        """Return queries (N, H, D); write keys and values to `slots` (N,) of `workspace`.

        `qkvg` (N, 4 C) is the output of the block's projection. Queries and keys are normalised by
        head with weights (H, D), and half the heads rotated by `rotation` (N, 2, D / 2).
        """

    def copy_context(self, segments: Segments, layer: int, workspace: Workspace) -> None:
        """Copy one layer's keys and values of every context part to its place in `workspace`."""

    def gated(self, attended: Tensor, gate: Tensor) -> Tensor:
        """Return `attended` times the sigmoid of `gate`, both (N, C)."""

    def silu_mul(self, w13: Tensor) -> Tensor:
        """Return the first half of the columns of `w13` (N, 2 F) under SiLU, times the second."""

    def take_step(self, x: Tensor, v: Tensor, tables: Tables) -> Tensor:
        """Return the states after a step, like `x` (N, latent_dim), as `packing.Update` defines it.

        `v` holds the velocities of all lanes, in any dtype. Where a position is no job's state, the
        result is `x`.
        """

    def snake_pad(self, x: Tensor, alpha: Tensor, left: int) -> Tensor:
        """Return x + sin^2(alpha x) / alpha, (B, C, left + T), behind `left` zeros.

        `x` is (B, C, T), `alpha` (1, C, 1).
        """


def ops_for(fused: bool) -> Ops:
    """Return the fused kernels, which need Triton, or the plain functions."""
    if not fused:
        return plain
    from engine.echo.model.ops import fused as kernels  # Triton is not everywhere

    return kernels
