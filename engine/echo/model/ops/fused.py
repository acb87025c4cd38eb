"""Every function in `Ops` by Triton kernels, most in one launch."""

from engine.echo.model.ops.kernels.attention import attend
from engine.echo.model.ops.kernels.convolution import causal_conv
from engine.echo.model.ops.kernels.heads import turn_heads
from engine.echo.model.ops.kernels.norms import norm_modulate, residual_norm_modulate
from engine.echo.model.ops.kernels.products import linear, silu_linear
from engine.echo.model.ops.kernels.steps import take_step

__all__ = [
    "attend",
    "causal_conv",
    "linear",
    "norm_modulate",
    "residual_norm_modulate",
    "silu_linear",
    "take_step",
    "turn_heads",
]
