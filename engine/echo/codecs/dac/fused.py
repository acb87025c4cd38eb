"""The convolutional decoder as a chain of layers that are one launch each, channels last."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from engine.echo.codecs.dac.layers import CausalConv, CausalConvTranspose, Snake
from engine.echo.model.ops import Ops
from engine.echo.model.ops.convolution import LARGEST, ConvLayer, Stream

_UNITS = (Stream.PASS, Stream.ADD, Stream.PASS, Stream.ADD, Stream.PASS, Stream.END)
"""Three residual units of two convolutions."""


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
        stream: Tensor | None = None
        for layer in self._layers:
            stream, a = self._ops.causal_conv(a, layer, stream)
        return a.view(1, -1)


def _layer(conv: Any, activation: Any, stream: Stream, dtype: torch.dtype) -> ConvLayer:
    kind = torch.promote_types(dtype, torch.float32)
    weight, dilation, repeats = conv.conv.weight, conv.conv.dilation[0], 1
    alpha = activation.alpha.to(kind).flatten() if isinstance(activation, Snake) else None
    if isinstance(conv, CausalConvTranspose):
        # Row q gives rows s q ... s q + s - 1: each sums one tap of row q and one of row q - 1.
        repeats = conv.stride
        weight = weight.unflatten(2, (2, repeats)).flip(2).permute(3, 1, 2, 0).flatten(0, 1)
    else:
        weight = weight.transpose(1, 2)
    return ConvLayer(
        weight.to(dtype).contiguous(),
        conv.conv.bias.to(kind).repeat(repeats),
        None if alpha is None else alpha.repeat(repeats),
        len(conv.conv.bias),
        dilation,
        stream,
    )
