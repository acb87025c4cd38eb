"""Every function in `Ops` as one launch of a Triton kernel."""

from engine.echo.model.ops.kernels.context import copy_context
from engine.echo.model.ops.kernels.heads import place_heads
from engine.echo.model.ops.kernels.norms import norm_modulate, residual_norm_modulate
from engine.echo.model.ops.kernels.products import gated, silu_mul
from engine.echo.model.ops.kernels.snake import snake_pad
from engine.echo.model.ops.kernels.steps import take_step

__all__ = [
    "copy_context",
    "gated",
    "norm_modulate",
    "place_heads",
    "residual_norm_modulate",
    "silu_mul",
    "snake_pad",
    "take_step",
]
