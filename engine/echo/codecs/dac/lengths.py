"""The convolutional decoder at few lengths.

cuDNN plans some thirty convolutions anew for each length it has not seen, in 20 to 100 ms of host
time, and a graph is of one length. So a piece is decoded at the next length of a short list, which
is exact: no output sees later input.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from engine.echo.graphs import Capture, Compute
from speech.pcm import FRAME_SAMPLES

STEP_FRAMES = 32
"""Lengths are multiples of this on a GPU."""
MAX_GRAPH_FRAMES = 160
"""Up to here a graph pays: a longer piece takes the device longer than the host takes to launch it,
and its activations would stay reserved, 4 MB per frame."""


@dataclass
class Waveforms:
    """Audio of pieces of the post-module's output.

    Attributes:
        decoder: Maps (B, C, T) to audio (B, 2048 T).
        step: Frames of which a piece is decoded at a multiple.
    """

    decoder: Callable[[Tensor], Tensor]
    step: int = 1
    _graphs: dict[int, tuple[Tensor, Compute]] = field(default_factory=dict, init=False)

    def __call__(self, context: Tensor, z: Tensor) -> Tensor:
        """Return audio (B, 2048 T) of `z` (B, C, T) that follows on `context` (B, C, up to 10)."""
        num_context, num_frames = context.shape[2], z.shape[2]
        padded = F.pad(torch.cat([context, z], dim=2), (0, -num_frames % self.step))
        audio = self._decode(padded)
        return audio[:, num_context * FRAME_SAMPLES : (num_context + num_frames) * FRAME_SAMPLES]

    def _decode(self, z: Tensor) -> Tensor:
        graph = self._graphs.get(z.shape[2]) if len(z) == 1 else None
        if graph is None:
            return self.decoder(z)
        given, replay = graph
        given.copy_(z)
        return replay().clone()  # the next piece overwrites it

    def prepare(
        self, like: Tensor, contexts: tuple[int, ...], longest: int, capture: Capture | None
    ) -> None:
        """Decode every length once, and capture the short ones.

        Args:
            like: A piece (1, C, any length), for its width, dtype and device.
            contexts: Frames of context that a piece comes with.
            longest: Frames of the longest piece.
            capture: Makes graphs; None for none.
        """
        self.step = STEP_FRAMES
        lengths = range(self.step, longest + 1, self.step)
        if capture is not None:
            largest = max(length for length in lengths if length <= MAX_GRAPH_FRAMES)
            given = like.new_zeros((1, like.shape[1], largest + max(contexts)))
            capture.reserve(lambda: self.decoder(given))
        for length in lengths:
            for num_context in contexts:
                given = like.new_zeros((1, like.shape[1], num_context + length))
                if capture is None or length > MAX_GRAPH_FRAMES:
                    self.decoder(given)
                else:
                    self._graphs[given.shape[2]] = given, capture(self._reader(given))

    def _reader(self, given: Tensor) -> Compute:
        return lambda: self.decoder(given)
