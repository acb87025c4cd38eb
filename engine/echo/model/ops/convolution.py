"""A causal convolution with what follows it: one layer of the codec."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from torch import Tensor

LARGEST = 65504.0
"""The largest float16: operands are clamped to it, in any dtype."""


class Stream(Enum):
    """The part of a layer in the residual stream."""

    PASS = auto()
    """It leaves it alone."""
    START = auto()
    """Its sum begins a new one."""
    ADD = auto()
    """Its sum is added to it."""
    END = auto()
    """Its sum is added for the layer's own output, and the stream is forgotten."""


class Activation(Enum):
    """The function that makes a layer's output of its sum."""

    SNAKE = auto()
    """A Snake, whose output is the next layer's input."""
    TANH = auto()
    """A hyperbolic tangent."""
    NONE = auto()
    """Nothing: the output is the sum."""


@dataclass(frozen=True)
class ConvLayer:
    """A convolution that sees `taps` rows of its input, `dilation` apart, the last its own.

    Attributes:
        weight: (C_out, taps, C_in), in the dtype of the operands; the first tap is the oldest row.
        bias: (C_out,), float32.
        alpha: (C_out,), float32, of the Snake after it; None where there is none.
        num_channels: C_out is a multiple of it: a transposed convolution, or one whose input was
            viewed in longer rows, computes several rows of its output at once, side by side.
        dilation: Rows from one tap to the next.
        stream: What becomes of the residual stream.
        activation: What follows the sum.
    """

    weight: Tensor
    bias: Tensor
    alpha: Tensor | None
    num_channels: int
    dilation: int = 1
    stream: Stream = Stream.PASS
    activation: Activation = Activation.SNAKE
