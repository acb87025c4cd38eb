"""S1-DAC with its principal components: PCM <-> speech latents (T, 80), 2048 samples per frame."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from engine.echo.codecs.dac.first_pieces import FirstPieces
from engine.echo.codecs.dac.fused import FusedDecoder, FusedEncoder
from engine.echo.codecs.dac.lengths import Waveforms
from engine.echo.codecs.dac.network import Autoencoder, Convolutions
from engine.echo.codecs.dac.transformer import History
from engine.echo.config import MAX_FRAMES, MAX_VOICE_FRAMES, PATCH_FRAMES, DACConfig
from engine.echo.graphs import Capture
from engine.echo.model.ops import Ops
from speech.pcm import FRAME_SAMPLES, SAMPLE_RATE_HZ

CONTEXT_FRAMES = 10
"""Frames to the left that the convolutions of the decoder can see (9.14)."""

_CPU_TILE_FRAMES = 64  # larger ones leave its caches; below, the repeated context costs too much


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
        self._convolutions: Convolutions | None = None
        self._waveforms = Waveforms(self.autoencoder.waveform)
        self._first_pieces = FirstPieces(self._first_piece)
        self.tile_frames = MAX_FRAMES
        """Frames that a GPU computes at once, context included: up to 4 MB of activations each."""

    def use_ops(self, ops: Ops | None, dtype: torch.dtype = torch.float16) -> None:
        """Let `ops` compute the convolutions, or the network itself where there are none.

        Args:
            ops: The functions.
            dtype: Of the decoder's operands; those of the encoder have the network's dtype.
        """
        network = self.autoencoder
        self._convolutions = None
        if ops is None:
            self._waveforms = Waveforms(network.waveform)
        else:
            self._convolutions = FusedEncoder(network.encoder["block"], ops, self._dtype)
            decoder = FusedDecoder(network.decoder["model"], ops, dtype)
            self._waveforms = Waveforms(lambda z: decoder(network.quantizer.upsample(z)))

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
        """Return the latents (T, latent_dim) of a window (2048 T,) of audio."""
        quantizer = self.autoencoder.quantizer
        codes = quantizer.encode(self.unquantized(audio))
        return self.pca.project(quantizer.vectors(codes)[0].T)

    def unquantized(self, audio: Tensor) -> Tensor:
        """Return the vectors to be quantised, (1, C, T), of a window (2048 T,) of audio."""
        given = audio[None].to(self._dtype)
        return self.autoencoder.unquantized(given, self.tile_frames, self._convolutions)

    @property
    def _dtype(self) -> torch.dtype:
        return self.autoencoder.quantizer.post_module.norm.dtype

    def decode_whole(self, latents: Tensor) -> Tensor:
        """Return what `decode` does, by one plain call at the true length: its definition."""
        z, _ = self._first_piece(latents[None])
        return self.autoencoder.waveform(z)[0]

    def decode(self, latents: Tensor) -> Tensor:
        """Return the audio of latents; see `Codec.decode`."""
        if not len(latents):
            return latents.new_zeros(0)
        z, _ = self._first_pieces(latents[None])
        return self._waveform(z, 0)

    def _waveform(self, z: Tensor, num_context: int) -> Tensor:
        """Return audio (2048 T,) of the post-module's output (1, C, context + T), tile by tile."""
        tiles, start, stop = [], num_context, z.shape[2]
        while start < stop:
            first = max(start - CONTEXT_FRAMES, 0)
            on_cpu = z.device.type == "cpu"
            end = start + _CPU_TILE_FRAMES if on_cpu else first + self.tile_frames
            tiles.append(self._waveforms(z[:, :, first:end], start - first))
            start = end
        return torch.cat(tiles)

    def prepare_lengths(self, tile_frames: int, capture: Capture | None) -> None:
        """Let a GPU decode every length that it will meet, and capture those that fit its memory.

        Args:
            tile_frames: Frames that it computes at once.
            capture: Makes graphs; None for none.
        """
        self.tile_frames = tile_frames
        like = self.pca.mean.new_zeros((1, len(self.pca.mean), 1), dtype=self._dtype)
        self._waveforms = Waveforms(self._waveforms.decoder)
        self._first_pieces = FirstPieces(self._first_piece)
        with suppress(torch.OutOfMemoryError):  # what is left is planned when it comes
            self._waveforms.prepare(like, tile_frames, capture)
            if capture is not None:
                latents = like.new_zeros((1, 1, self.latent_dim))
                self._first_pieces.prepare(latents, self._waveforms.captured, capture)
        # What the first calls took. Not where the error is handled, which holds what it failed on.
        torch.cuda.empty_cache()

    def new_stream(self) -> DACStream:
        """Return the state that a blockwise decode starts from."""
        return DACStream()

    def decode_next(self, latents: Tensor, stream: DACStream) -> Tensor:
        """Return the audio of the next latents; see `Codec.decode_next`."""
        z, stream.history = self._next_piece(latents[None], stream.history)
        known = z if stream.tail is None else torch.cat([stream.tail, z], dim=2)
        stream.tail = known[:, :, -CONTEXT_FRAMES:].clone()
        return self._waveform(known, known.shape[2] - z.shape[2])

    def _next_piece(self, latents: Tensor, past: History | None) -> tuple[Tensor, History]:
        """Return the post-module's output (1, C, T) of the next latents, and what it remembers.

        The output lasts until the next piece.
        """
        post_module = self.autoencoder.quantizer.post_module
        if past is None:
            z, stacked = self._first_pieces(latents)
            return z, post_module.history(latents.shape[1], stacked.unbind())
        z, keys_values = post_module.attend(self._restored(latents), past)
        return z, post_module.history(past.position + latents.shape[1], keys_values)

    def _first_piece(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """See `first_pieces.PostModule`."""
        z, keys_values = self.autoencoder.quantizer.post_module.attend(self._restored(latents))
        return z, torch.stack(keys_values)

    def _restored(self, latents: Tensor) -> Tensor:
        """Map latents (1, T, latent_dim) to codec vectors (1, C, T)."""
        z = self.pca.restore(latents.to(self.pca.mean.dtype))
        return z.transpose(1, 2).to(self._dtype)


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
