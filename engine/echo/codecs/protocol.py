"""The codec's protocol: reference audio to latents, latents to audio, whole or in blocks.

A checkpoint's `config.json` names the codec that it was trained on; only `checkpoints.load` knows
more of a codec than this.
"""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor

DecodeStream = Any
"""The state of a blockwise decode. Each codec has its own, which is opaque to all others."""


class Codec(Protocol):
    """Audio to latents and back. All tensors are on the checkpoint's device."""

    @property
    def sample_rate_hz(self) -> int:
        """Sample rate of the audio, in and out."""

    @property
    def frame_samples(self) -> int:
        """Samples of one latent frame."""

    @property
    def latent_dim(self) -> int:
        """Width of a latent."""

    @property
    def window_frames(self) -> int:
        """Frames that `encode` reads on their own: longer audio may come window by window."""

    def encode(self, audio: Tensor) -> Tensor:
        """Return the latents (T, latent_dim) of reference audio (num_samples,).

        The audio fills at least one patch. T is a multiple of 4: a remainder shorter than a patch
        is left out, as is everything after 6400 frames. Computed to float32's accuracy anywhere.
        """

    def decode(self, latents: Tensor) -> Tensor:
        """Return audio (frame_samples T,) of latents (T, latent_dim); T may be 0."""

    def new_stream(self) -> DecodeStream:
        """Return the state that a blockwise decode starts from."""

    def decode_next(self, latents: Tensor, stream: DecodeStream) -> Tensor:
        """Return audio (frame_samples T,) of the next latents (T, latent_dim); `stream` moves on.

        The blocks joined are what `decode` gives for all latents at once.
        """
