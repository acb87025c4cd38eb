"""The convolutional decoder at few lengths.

cuDNN plans its convolutions anew for each length that it has not seen, in 20 to 100 ms of host
time, and a graph is of one length. So a piece is decoded at the next length of a short list, which
is exact: no output sees later input.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from engine.echo.graphs import Capture, Compute
from speech.pcm import FRAME_SAMPLES

STEP_FRAMES = 32
"""Lengths are multiples of this on a GPU."""
GRAPH_FRAME_BYTES = 7 * 2**18
"""The activations of a frame in the fused decoder, which stay reserved for the graphs."""
GRAPH_SHARE = 0.1
"""The share of the memory that is free before there are jobs and voices: more is theirs."""


def graph_frames(free_bytes: int) -> int:
    """Return the length up to which there are graphs on a device with so much free memory."""
    return int(free_bytes * GRAPH_SHARE) // GRAPH_FRAME_BYTES // STEP_FRAMES * STEP_FRAMES


@dataclass
class Waveforms:
    """Audio of pieces of the post-module's output.

    Attributes:
        decoder: Maps (1, C, T) to audio (1, 2048 T).
        step: Frames of which a piece is decoded at a multiple.
    """

    decoder: Callable[[Tensor], Tensor]
    step: int = 1
    _graphs: dict[int, tuple[Tensor, Compute]] = field(default_factory=dict, init=False)

    def __call__(self, z: Tensor, num_context: int) -> Tensor:
        """Return audio (2048 T,) of `z` (1, C, context + T), without that of its context."""
        num_frames = z.shape[2]
        audio = self._decode(F.pad(z, (0, -num_frames % self.step)))[0]
        return audio[num_context * FRAME_SAMPLES : num_frames * FRAME_SAMPLES]

    def _decode(self, z: Tensor) -> Tensor:
        graph = self._graphs.get(z.shape[2])
        if graph is None:
            return self.decoder(z)
        given, replay = graph
        given.copy_(z)
        return replay().clone()  # the next piece overwrites it

    @property
    def captured(self) -> list[int]:
        """The lengths that there are graphs of, the shortest first."""
        return list(self._graphs)

    def prepare(self, like: Tensor, longest: int, capture: Capture | None) -> None:
        """Decode every length once, and capture those that memory allows, the shorter first.

        Args:
            like: A piece (1, C, any length), for its width, dtype and device.
            longest: Frames of the longest piece, its context included.
            capture: Makes graphs; None for none.
        """
        self.step = STEP_FRAMES
        lengths = range(self.step, longest + 1, self.step)
        captured = 0 if capture is None else min(graph_frames(capture.free_bytes()), lengths[-1])
        given = like.new_zeros((1, like.shape[1], lengths[-1]))
        audio = like.new_zeros((1, captured * FRAME_SAMPLES))
        if capture is not None and captured:
            capture.reserve([self._reader(given[:, :, :captured].contiguous(), audio)])
        for length in lengths:
            own = given[:, :, :length].contiguous()
            if capture is None or length > captured:
                self.decoder(own)
            else:
                # Into memory that all share: a result of its own would part the graphs' memory.
                compute = self._reader(own, audio[:, : length * FRAME_SAMPLES])
                self._graphs[length] = own, capture(compute)

    def _reader(self, given: Tensor, audio: Tensor) -> Compute:
        return lambda: audio.copy_(self.decoder(given))
