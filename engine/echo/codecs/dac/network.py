"""S1-DAC's network, as published: convolutions and transformers around a quantiser."""

from __future__ import annotations

import math
from typing import Protocol, cast

import torch
from torch import Tensor, nn

from engine.echo.codecs.dac.layers import (
    CausalConv,
    CausalConvTranspose,
    ConvNeXt,
    Snake,
    residual_units,
)
from engine.echo.codecs.dac.quantizer import ResidualCodebooks
from engine.echo.codecs.dac.transformer import WindowTransformer
from engine.echo.config import MAX_FRAMES, DACConfig
from speech.pcm import FRAME_SAMPLES

_ENCODER_CONTEXT_FRAMES = 4
"""Frames to the left that the convolutions before the encoder's transformer can see (3.15)."""

_STRIDES = (2, 4, 8, 8)


class EncoderBlock(nn.Module):
    """Residual units, then a strided convolution and, in the last block, a transformer."""

    def __init__(self, dim: int, stride: int, transformer: WindowTransformer | None) -> None:
        super().__init__()
        self.block = nn.Sequential(
            *residual_units(dim // 2),
            Snake(dim // 2),
            CausalConv(dim // 2, dim, 2 * stride, stride=stride),
        )
        if transformer is not None:
            self.block.append(transformer)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C / 2, T) to (B, C, T / stride), by a block without a transformer."""
        out: Tensor = self.block(x)
        return out


class DecoderBlock(nn.Module):
    """A transposed convolution, then residual units."""

    def __init__(self, in_dim: int, out_dim: int, stride: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            Snake(in_dim),
            CausalConvTranspose(in_dim, out_dim, 2 * stride, stride),
            *residual_units(out_dim),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, T) to (B, C', stride T)."""
        out: Tensor = self.block(x)
        return out


def _encoder(config: DACConfig) -> nn.Sequential:
    dim = config.encoder_dim
    layers: list[nn.Module] = [CausalConv(1, dim, 7)]
    for i, stride in enumerate(_STRIDES):
        dim *= 2
        last = i == len(_STRIDES) - 1
        transformer = WindowTransformer(dim, config.head_dim, config.encoder) if last else None
        layers.append(EncoderBlock(dim, stride, transformer))
    return nn.Sequential(*layers, Snake(dim), CausalConv(dim, config.latent_dim, 3))


def _decoder(config: DACConfig) -> nn.Sequential:
    dim = config.decoder_dim
    layers: list[nn.Module] = [CausalConv(config.latent_dim, dim, 7)]
    for stride in reversed(_STRIDES):
        layers.append(DecoderBlock(dim, dim // 2, stride))
        dim //= 2
    return nn.Sequential(*layers, Snake(dim), CausalConv(dim, 1, 7), nn.Tanh())


class Quantizer(nn.Module):
    """Everything between the convolutional encoder and decoder."""

    def __init__(self, config: DACConfig) -> None:
        super().__init__()
        dim = config.latent_dim
        self.semantic_quantizer = ResidualCodebooks(
            dim, 1, config.semantic_codes, config.codebook_dim
        )
        self.quantizer = ResidualCodebooks(
            dim, config.num_residual, config.residual_codes, config.codebook_dim
        )
        self.downsample = nn.Sequential(
            *(
                nn.Sequential(CausalConv(dim, dim, 2, stride=2, normed=False), ConvNeXt(dim))
                for _ in range(2)
            )
        )
        self.upsample = nn.Sequential(
            *(
                nn.Sequential(CausalConvTranspose(dim, dim, 2, 2, normed=False), ConvNeXt(dim))
                for _ in range(2)
            )
        )
        self.pre_module = WindowTransformer(dim, config.head_dim, config.quantizer)
        self.post_module = WindowTransformer(dim, config.head_dim, config.quantizer)

    def reduce(self, z: Tensor) -> Tensor:
        """Return the vectors to be quantised, (B, C, T), of the encoder's output (B, C, 4 T)."""
        out: Tensor = self.pre_module(self.downsample(z))
        return out

    def encode(self, z: Tensor) -> Tensor:
        """Return the codes (B, codebooks, T) of what `reduce` returns."""
        semantic, rest = self.semantic_quantizer.encode(z)
        return torch.cat([semantic, self.quantizer.encode(rest)[0]], dim=1)

    def vectors(self, codes: Tensor) -> Tensor:
        """Return the vectors (B, C, T) that `codes` (B, codebooks, T) stand for."""
        return self.semantic_quantizer.vectors(codes[:, :1]) + self.quantizer.vectors(codes[:, 1:])


class Convolutions(Protocol):
    """The convolutions of the encoder."""

    def before(self, audio: Tensor) -> Tensor:
        """Map audio (B, 2048 T) to the transformer's input (B, C, 4 T)."""

    def after(self, x: Tensor) -> Tensor:
        """Map the transformer's output (B, C, T) to the encoder's, of the same shape."""


class EncoderConvolutions:
    """The definition of `Convolutions`.

    Args:
        encoder: The whole encoder.
    """

    def __init__(self, encoder: nn.Sequential) -> None:
        *blocks, last, snake, conv = encoder
        self._before = nn.Sequential(*blocks, *list(cast("EncoderBlock", last).block)[:-1])
        self._after = nn.Sequential(snake, conv)

    def before(self, audio: Tensor) -> Tensor:
        """See `Convolutions`."""
        out: Tensor = self._before(audio[:, None])
        return out

    def after(self, x: Tensor) -> Tensor:
        """See `Convolutions`."""
        out: Tensor = self._after(x)
        return out


class Autoencoder(nn.Module):
    """The codec's network, as published."""

    def __init__(self, config: DACConfig) -> None:
        super().__init__()
        self.encoder = nn.ModuleDict({"block": _encoder(config)})
        self.quantizer = Quantizer(config)
        self.decoder = nn.ModuleDict({"model": _decoder(config)})

    def unquantized(
        self,
        audio: Tensor,
        tile_frames: int = MAX_FRAMES,
        convolutions: Convolutions | None = None,
    ) -> Tensor:
        """Return the vectors to be quantised, (B, C, T), of audio (B, 2048 T).

        Args:
            audio: The audio.
            tile_frames: Frames whose convolutions are computed at once: they see four frames to
                the left, so tiles with that much context are exact.
            convolutions: The encoder's; None for the network's own.
        """
        encoder = cast("nn.Sequential", self.encoder["block"])
        convolutions = convolutions or EncoderConvolutions(encoder)
        tiles = []
        for start in range(0, audio.shape[1], tile_frames * FRAME_SAMPLES):
            num_context = min(start, _ENCODER_CONTEXT_FRAMES * FRAME_SAMPLES)
            tile = audio[:, start - num_context : start + tile_frames * FRAME_SAMPLES]
            tiles.append(convolutions.before(tile)[:, :, num_context // math.prod(_STRIDES) :])
        transformer = cast("EncoderBlock", encoder[-3]).block[-1]
        x = transformer(torch.cat(tiles, dim=2))
        return self.quantizer.reduce(convolutions.after(x))

    def waveform(self, z: Tensor) -> Tensor:
        """Return audio (B, 2048 T) of the post-module's output (B, C, T)."""
        out: Tensor = self.decoder["model"](self.quantizer.upsample(z))[:, 0]
        return out
