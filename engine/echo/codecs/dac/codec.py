"""S1-DAC with its principal components: PCM <-> speech latents (T, 80), 2048 samples per frame."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor, nn

from engine.echo.codecs.dac.layers import (
    CausalConv,
    CausalConvTranspose,
    ConvNeXt,
    Snake,
    residual_units,
    snake_conv,
)
from engine.echo.codecs.dac.lengths import Waveforms
from engine.echo.codecs.dac.quantizer import ResidualCodebooks
from engine.echo.codecs.dac.transformer import History, WindowTransformer
from engine.echo.config import (
    MAX_FRAMES,
    MAX_VOICE_FRAMES,
    PATCH_FRAMES,
    DACConfig,
)
from engine.echo.graphs import Capture
from engine.echo.model.ops import Ops
from speech.pcm import FRAME_SAMPLES, SAMPLE_RATE_HZ

CONTEXT_FRAMES = 10
"""Frames to the left that the convolutions of the decoder can see (9.14)."""

_ENCODER_CONTEXT_FRAMES = 4
"""Frames to the left that the convolutions before the encoder's transformer can see (3.15)."""

_STRIDES = (2, 4, 8, 8)
_CPU_TILE_FRAMES = 64  # larger ones leave its caches; below, the repeated context costs too much


class EncoderBlock(nn.Module):
    """Residual units, then a strided convolution and perhaps a transformer."""

    def __init__(self, dim: int, stride: int, transformer: WindowTransformer | None) -> None:
        super().__init__()
        self.block = nn.Sequential(
            *residual_units(dim // 2),
            *snake_conv(dim // 2, dim, 2 * stride, stride=stride),
        )
        if transformer is not None:
            self.block.append(transformer)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C / 2, T) to (B, C, T / stride)."""
        for layer in self.block:
            x = layer(x)[0] if isinstance(layer, WindowTransformer) else layer(x)
        return x


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
    return nn.Sequential(*layers, *snake_conv(dim, config.latent_dim, 3))


def _decoder(config: DACConfig) -> nn.Sequential:
    dim = config.decoder_dim
    layers: list[nn.Module] = [CausalConv(config.latent_dim, dim, 7)]
    for stride in reversed(_STRIDES):
        layers.append(DecoderBlock(dim, dim // 2, stride))
        dim //= 2
    return nn.Sequential(*layers, *snake_conv(dim, 1, 7), nn.Tanh())


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

    def encode(self, z: Tensor) -> Tensor:
        """Return the codes (B, codebooks, T) of the encoder's output (B, C, 4 T)."""
        z, _ = self.pre_module(self.downsample(z))
        semantic, rest = self.semantic_quantizer.encode(z)
        return torch.cat([semantic, self.quantizer.encode(rest)[0]], dim=1)

    def vectors(self, codes: Tensor) -> Tensor:
        """Return the vectors (B, C, T) that `codes` (B, codebooks, T) stand for."""
        return self.semantic_quantizer.vectors(codes[:, :1]) + self.quantizer.vectors(codes[:, 1:])


class Autoencoder(nn.Module):
    """The codec's network, as published."""

    def __init__(self, config: DACConfig) -> None:
        super().__init__()
        self.encoder = nn.ModuleDict({"block": _encoder(config)})
        self.quantizer = Quantizer(config)
        self.decoder = nn.ModuleDict({"model": _decoder(config)})

    def encode(self, audio: Tensor, tile_frames: int = MAX_FRAMES) -> Tensor:
        """Return the codes (B, codebooks, T) of audio (B, 2048 T).

        Args:
            audio: The audio.
            tile_frames: Frames whose convolutions are computed at once: they see four frames to
                the left, so tiles with that much context are exact.
        """
        layers: list[Any] = list(cast("nn.Sequential", self.encoder["block"]))
        *blocks, last, snake, conv = layers
        *convolutions, transformer = last.block
        tiles = []
        for start in range(0, audio.shape[1], tile_frames * FRAME_SAMPLES):
            num_context = min(start, _ENCODER_CONTEXT_FRAMES * FRAME_SAMPLES)
            x = audio[:, None, start - num_context : start + tile_frames * FRAME_SAMPLES]
            for layer in (*blocks, *convolutions):
                x = layer(x)
            tiles.append(x[:, :, num_context // math.prod(_STRIDES) :])
        x, _ = transformer(torch.cat(tiles, dim=2))
        codes: Tensor = self.quantizer.encode(conv(snake(x)))
        return codes

    def waveform(self, z: Tensor) -> Tensor:
        """Return audio (B, 2048 T) of the post-module's output (B, C, T)."""
        out: Tensor = self.decoder["model"](self.quantizer.upsample(z))[:, 0]
        return out


class PCA(nn.Module):
    """The principal components of the codec's vectors, in float32 at least."""

    def __init__(self, latent_dim: int, codec_dim: int) -> None:
        super().__init__()
        self.components = nn.Parameter(torch.empty(latent_dim, codec_dim))
        self.mean = nn.Parameter(torch.empty(codec_dim))
        self.scale = nn.Parameter(torch.empty(()))

    def project(self, z: Tensor) -> Tensor:
        """Map codec vectors (..., codec_dim) to latents (..., latent_dim)."""
        return (z.to(self.mean.dtype) - self.mean) @ self.components.T * self.scale

    def restore(self, latents: Tensor) -> Tensor:
        """Map latents (..., latent_dim) to codec vectors (..., codec_dim)."""
        return (latents / self.scale) @ self.components + self.mean


@dataclass
class DACStream:
    """The state of a blockwise decode."""

    history: History | None = None
    tail: Tensor | None = field(default=None, repr=False)
    """The post-module's last outputs, (1, C, up to CONTEXT_FRAMES)."""


class S1DAC(nn.Module):
    """The codec of the published model, a `codecs.protocol.Codec`."""

    sample_rate_hz = SAMPLE_RATE_HZ
    frame_samples = FRAME_SAMPLES
    window_frames = MAX_FRAMES

    def __init__(self, config: DACConfig, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.autoencoder = Autoencoder(config)
        self.pca = PCA(latent_dim, config.latent_dim)
        self._waveforms = Waveforms(self.autoencoder.waveform)
        self.tile_frames = MAX_FRAMES
        """Frames that a GPU computes at once: 4 MB of activations each."""

    def use_ops(self, ops: Ops) -> None:
        """Compute the decoder's Snakes with `ops`.

        The encoder keeps the plain ones: there a rounding may decide a code.
        """
        for module in self.autoencoder.decoder.modules():
            if isinstance(module, Snake):
                module.ops = ops

    def encode(self, audio: Tensor) -> Tensor:
        """Return the latents of reference audio; see `Codec.encode`.

        Windows of 640 frames are encoded on their own: the encoder was trained on no longer ones.
        """
        num_frames = min(len(audio) // FRAME_SAMPLES, MAX_VOICE_FRAMES)
        num_frames -= num_frames % PATCH_FRAMES
        size = self.window_frames * FRAME_SAMPLES
        windows = torch.split(audio[: num_frames * FRAME_SAMPLES], size)
        with strict_float32():
            return torch.cat([self._encode_window(window) for window in windows])

    def _encode_window(self, audio: Tensor) -> Tensor:
        codes = self.autoencoder.encode(audio[None].to(self._dtype), self.tile_frames)
        return self.pca.project(self.autoencoder.quantizer.vectors(codes)[0].T)

    @property
    def _dtype(self) -> torch.dtype:
        return self.autoencoder.quantizer.post_module.norm.dtype

    def decode(self, latents: Sequence[Tensor]) -> list[Tensor]:
        """Return the audio of latents; see `Codec.decode`.

        One by one: side by side they would leave a CPU's caches, and come to a GPU in shapes that
        it has not planned.
        """
        return [self._decode(each) for each in latents]

    def _decode(self, latents: Tensor) -> Tensor:
        if not len(latents):
            return latents.new_zeros(0)
        z, _ = self._post_module(latents[None])
        tiles = [
            self._waveforms(z[:, :, max(start - CONTEXT_FRAMES, 0) : start], tile)[0]
            for start, tile in self._tiles(z)
        ]
        return torch.cat(tiles)

    def _tiles(self, z: Tensor) -> list[tuple[int, Tensor]]:
        """Cut (1, C, T) along T into (start, tile)."""
        size = _CPU_TILE_FRAMES if z.device.type == "cpu" else self.tile_frames
        return [(i * size, tile) for i, tile in enumerate(torch.split(z, size, dim=2))]

    def prepare_lengths(self, capture: Capture | None) -> None:
        """Let a GPU decode every length that it will meet, and capture the short ones."""
        like = self.pca.mean.new_zeros((1, len(self.pca.mean), 1), dtype=self._dtype)
        self._waveforms.prepare(like, (0, CONTEXT_FRAMES), self.tile_frames, capture)

    def new_stream(self) -> DACStream:
        """Return the state that a blockwise decode starts from."""
        return DACStream()

    def decode_next(self, latents: Tensor, stream: DACStream) -> Tensor:
        """Return the audio of the next latents; see `Codec.decode_next`."""
        z, stream.history = self._post_module(latents[None], stream.history)
        tail = z[:, :, :0] if stream.tail is None else stream.tail
        audio = self._waveforms(tail, z)
        stream.tail = torch.cat([tail, z], dim=2)[:, :, -CONTEXT_FRAMES:]
        return audio[0]

    def _post_module(self, latents: Tensor, past: History | None = None) -> tuple[Tensor, History]:
        z = self.pca.restore(latents.to(self.pca.mean.dtype)).transpose(1, 2).to(self._dtype)
        out: tuple[Tensor, History] = self.autoencoder.quantizer.post_module(z, past)
        return out


@contextmanager
def strict_float32() -> Iterator[None]:
    """Compute in full float32: rounding to TF32 would change one code in ten of a voice."""
    cudnn: Any = torch.backends.cudnn  # its type lacks `conv`
    backends: tuple[Any, ...] = (cudnn.conv, torch.backends.cuda.matmul)
    before = [backend.fp32_precision for backend in backends]
    for backend in backends:
        backend.fp32_precision = "ieee"
    try:
        yield
    finally:
        for backend, precision in zip(backends, before, strict=True):
            backend.fp32_precision = precision
