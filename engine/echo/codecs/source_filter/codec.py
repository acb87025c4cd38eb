"""The codec: four sub-frames in one latent frame, turned to principal components.

Components come weakest last and half whitened, so that what is loud to the ear is loud to the
model, but not as much. Zero is silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from torch import Tensor

from engine.echo.codecs.source_filter.analysis import analyse
from engine.echo.codecs.source_filter.below_pitch import filled
from engine.echo.codecs.source_filter.features import (
    HOP,
    NUM_FEATURES,
    PITCH,
    RATE_HZ,
    SILENCE,
    SUBFRAMES,
    VOICING,
    Features,
    Floats,
)
from engine.echo.codecs.source_filter.half_band import halve
from engine.echo.codecs.source_filter.synthesis import SynthesisStream, synthesise
from engine.echo.config import MAX_VOICE_FRAMES, PATCH_FRAMES

_PITCH_WEIGHT = 25.0  # per octave: a semitone is about as audible as 1 dB in every band
_VOICING_WEIGHT = 12.0  # pulses for noise: as audible as 6 dB in every band
_BLOCK_FRAMES = 64  # decoded at once: bounds the memory

_FILE = Path(__file__).with_name("components.safetensors")


def _weights() -> Floats:
    weights = np.ones(NUM_FEATURES)
    weights[PITCH], weights[VOICING] = _PITCH_WEIGHT, _VOICING_WEIGHT
    return weights


_WEIGHTS = _weights()


@dataclass(frozen=True)
class Components:
    """The principal components of features, and the way back.

    Attributes:
        forward: Weighted differences from silence to latents, (SUBFRAMES * NUM_FEATURES,
            latent_dim).
        inverse: Latents back to them, (latent_dim, SUBFRAMES * NUM_FEATURES).
    """

    forward: Floats
    inverse: Floats

    @classmethod
    def load(cls, path: Path = _FILE) -> Components:
        """Read a file of `save`; by default the components that this codec was made with."""
        tensors = load_file(path)
        return cls(*(tensors[name].astype(np.float64) for name in ("forward", "inverse")))

    def save(self, path: Path = _FILE) -> None:
        """Write the components to `path`."""
        pairs = {"forward": self.forward, "inverse": self.inverse}
        save_file({name: np.ascontiguousarray(x, np.float32) for name, x in pairs.items()}, path)

    def pack(self, features: Features) -> Floats:
        """Return the latents (T, latent_dim) of `features` (SUBFRAMES T, NUM_FEATURES)."""
        return np.asarray(stack(features) @ self.forward)

    def unpack(self, latents: Floats) -> Features:
        """Return the features of `latents`: the inverse of `pack`, as far as the components go."""
        weighted = (latents @ self.inverse).reshape(-1, NUM_FEATURES)
        return np.asarray(weighted / _WEIGHTS + SILENCE)


def stack(features: Features) -> Floats:
    """Return the input of `pack`: each frame's weighted differences from silence, side by side."""
    weighted = (features - SILENCE) * _WEIGHTS
    return weighted.reshape(len(features) // SUBFRAMES, SUBFRAMES * NUM_FEATURES)


class SourceFilterCodec:
    """The source-filter codec, a `codecs.protocol.Codec`; computes on the CPU."""

    sample_rate_hz = 2 * RATE_HZ
    frame_samples = 2 * HOP * SUBFRAMES
    window_frames = MAX_VOICE_FRAMES

    def __init__(self, components: Components | None = None) -> None:
        self._components = Components.load() if components is None else components

    @property
    def latent_dim(self) -> int:
        """Width of a latent."""
        return len(self._components.inverse)

    def encode(self, audio: Tensor) -> Tensor:
        """Return the latents of reference audio; see `Codec.encode`."""
        num_frames = min(len(audio) // self.frame_samples, MAX_VOICE_FRAMES)
        num_frames -= num_frames % PATCH_FRAMES
        samples = audio[: num_frames * self.frame_samples].double().cpu().numpy()
        features = filled(analyse(halve(samples), num_frames * SUBFRAMES))
        latents = torch.from_numpy(self._components.pack(features))
        return latents.to(device=audio.device, dtype=torch.float32)

    def decode(self, latents: Tensor) -> Tensor:
        """Return the audio of latents; see `Codec.decode`."""
        return self.decode_next(latents, self.new_stream())

    def new_stream(self) -> SynthesisStream:
        """Return the state that a blockwise decode starts from."""
        return SynthesisStream()

    def decode_next(self, latents: Tensor, stream: SynthesisStream) -> Tensor:
        """Return the audio of the next latents; see `Codec.decode_next`."""
        frames = latents.double().cpu().numpy()
        starts = range(0, len(frames), _BLOCK_FRAMES)
        blocks = [self._synthesise(frames[i : i + _BLOCK_FRAMES], stream) for i in starts]
        audio = torch.from_numpy(np.concatenate([np.zeros(0), *blocks]))
        return audio.to(device=latents.device, dtype=torch.float32)

    def _synthesise(self, frames: Floats, stream: SynthesisStream) -> Floats:
        return synthesise(self._components.unpack(frames), stream)
