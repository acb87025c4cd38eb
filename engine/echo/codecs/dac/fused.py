"""The convolutional decoder and encoder as chains of layers, one launch each, channels last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from engine.echo.codecs.dac.layers import CausalConv, CausalConvTranspose, Snake
from engine.echo.model.ops import Ops
from engine.echo.model.ops.convolution import LARGEST, Activation, ConvLayer, Stream

_UNITS = (Stream.PASS, Stream.ADD, Stream.PASS, Stream.ADD, Stream.PASS, Stream.END)
"""Three residual units of two convolutions."""
_ROW_SAMPLES = 16
"""Samples of audio in a row of the encoder's first input: a matrix unit takes no single one."""


class FusedDecoder:
    """Computes what the network's decoder does, with its weights rearranged once.

    Args:
        decoder: The network's; every convolution in it comes before an activation.
        ops: Computes the layers.
        dtype: Of the layers' operands. Sums and the residual stream are in float32 at least.
    """

    def __init__(self, decoder: nn.Module, ops: Ops, dtype: torch.dtype = torch.float16) -> None:
        kinds = CausalConv, CausalConvTranspose, Snake, nn.Tanh
        modules = [module for module in decoder.modules() if isinstance(module, kinds)]
        num_blocks = sum(isinstance(module, CausalConvTranspose) for module in modules)
        streams = [Stream.PASS, *(Stream.START, *_UNITS) * num_blocks, Stream.PASS]
        parts = zip(modules[::2], modules[1::2], streams, strict=True)
        self._layers = [_layer(*part, dtype) for part in parts]
        self._ops, self._dtype = ops, dtype

    def __call__(self, z: Tensor) -> Tensor:
        """Return audio (1, samples) of the upsampled output of the post-module, (1, C, T)."""
        assert len(z) == 1, "pieces are decoded one by one"
        a = z[0].T.clamp(-LARGEST, LARGEST).to(self._dtype).contiguous()
        return _apply(self._ops, self._layers, a).view(1, -1)


class FusedEncoder:
    """Computes the convolutions of the network's encoder, with its weights rearranged once.

    See `network.Convolutions`.

    Args:
        encoder: The network's: a Snake follows every convolution but the last two, of which the
            first comes before the transformer.
        ops: Computes the layers.
        dtype: Of the layers' operands: a rounding may decide a code, so no less than float32.
    """

    def __init__(self, encoder: nn.Module, ops: Ops, dtype: torch.dtype = torch.float32) -> None:
        convs = [module for module in encoder.modules() if isinstance(module, CausalConv)]
        *snakes, self._snake = [each for each in encoder.modules() if isinstance(each, Snake)]
        num_blocks = sum(conv.conv.stride[0] > 1 for conv in convs)
        streams = [*(Stream.START, *_UNITS) * num_blocks, Stream.PASS, Stream.PASS]
        parts = zip(convs, [*snakes, None, None], streams, strict=True)
        *self._before, self._after = [_layer(*part, dtype) for part in parts]
        self._ops, self._dtype = ops, dtype

    def before(self, audio: Tensor) -> Tensor:
        """Map audio (1, 2048 T) to the transformer's input (1, C, 4 T)."""
        assert len(audio) == 1, "windows are encoded one by one"
        a = audio.to(self._dtype).reshape(-1, _ROW_SAMPLES)
        return _apply(self._ops, self._before, a).T[None]

    def after(self, x: Tensor) -> Tensor:
        """Map the transformer's output (1, C, T) to the encoder's, of the same shape."""
        a = self._snake(x)[0].T.to(self._dtype).contiguous()
        return _apply(self._ops, [self._after], a).T[None]


def _apply(ops: Ops, layers: Sequence[ConvLayer], a: Tensor) -> Tensor:
    """Return the output of the last of `layers`, of which `a` is the first one's input."""
    stream: Tensor | None = None
    for layer in layers:
        # A stride is a longer row of the same memory.
        stream, a = ops.causal_conv(a.reshape(-1, layer.weight.shape[2]), layer, stream)
    return a


def _layer(conv: Any, activation: Any, stream: Stream, dtype: torch.dtype) -> ConvLayer:
    kind = torch.promote_types(dtype, torch.float32)
    weight, dilation, repeats = conv.conv.weight, conv.conv.dilation[0], 1
    alpha = activation.alpha.to(kind).flatten() if isinstance(activation, Snake) else None
    if isinstance(conv, CausalConvTranspose):
        # Row q gives rows s q ... s q + s - 1: each sums one tap of row q and one of row q - 1.
        repeats = conv.stride
        weight = weight.unflatten(2, (2, repeats)).flip(2).permute(3, 1, 2, 0).flatten(0, 1)
    elif conv.conv.stride[0] > 1:
        # Output q sums 2 s inputs up to s q + s - 1: those in row q of s side by side, and q - 1.
        weight = weight.unflatten(2, (2, -1)).permute(0, 2, 3, 1).flatten(2)
    elif weight.shape[1] == 1:
        # Output 16 q + i sums the samples up to 16 q + i: those in row q of 16, and in row q - 1.
        repeats, taps = _ROW_SAMPLES, weight.shape[2]
        padded = [
            F.pad(weight[:, 0], (repeats + 1 - taps + i, repeats - 1 - i)) for i in range(repeats)
        ]
        weight = torch.cat(padded).unflatten(1, (2, repeats))
    else:
        weight = weight.transpose(1, 2)
    activations = {Snake: Activation.SNAKE, nn.Tanh: Activation.TANH, type(None): Activation.NONE}
    return ConvLayer(
        weight.to(dtype).contiguous(),
        conv.conv.bias.to(kind).repeat(repeats),
        None if alpha is None else alpha.repeat(repeats),
        len(conv.conv.bias),
        dilation,
        stream,
        activations[type(activation)],
    )
