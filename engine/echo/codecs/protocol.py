"""What the engine asks of a codec: PCM to latents and back, whole or piece by piece.

Which codec a checkpoint was trained on is in its `config.json`; nothing but `checkpoint` knows
more of one than this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from torch import Tensor

DecodeStream = Any
"""Where a piecewise decode stands. Each codec has its own, and nobody else looks inside."""


class Codec(Protocol):
    """Audio to latents and back. Tensors come and go on the device of the checkpoint."""

    @property
    def sample_rate_hz(self) -> int:
        """Of the audio, in and out."""

    @property
    def frame_samples(self) -> int:
        """Samples of one latent frame."""

    @property
    def latent_dim(self) -> int:
        """Width of a latent."""

    @property
    def piece_frames(self) -> int:
        """Frames that `encode` hears on their own: longer audio may come piece by piece."""

    def encode(self, audio: Tensor) -> Tensor:
        """Return the latents (T, latent_dim) of reference audio (num_samples,).

        The audio fills at least one patch. T is a multiple of 4; what does not fill a patch is
        left out, as is all after 6400 frames. Precise whatever the device's settings are.
        """

    def decode(self, latents: Sequence[Tensor]) -> list[Tensor]:
        """Return audio (frame_samples T,) of each of `latents` (T, latent_dim); T may be 0."""

    def new_stream(self) -> DecodeStream:
        """Return the start of a piecewise decode."""

    def decode_next(self, latents: Tensor, stream: DecodeStream) -> Tensor:
        """Return audio (frame_samples T,) of the next latents (T, latent_dim); `stream` moves on.

        The pieces joined are what `decode` gives for all latents at once.
        """
