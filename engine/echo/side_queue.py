"""A second queue of work on the device, which runs beside the first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


class SideQueue:
    """A queue whose work runs beside the main queue's, in an order of its own.

    Only tensors that are complete may go in, and only such may come out: the host must have seen
    an event of the queue that they were computed in. What the side queue allocates is its own, and
    so used again only after the work that it was given before.

    Args:
        device: The device.
        overlaps: Whether its work runs beside the steps of jobs. Else, and on a CPU whatever this
            is, it is the main queue.
    """

    def __init__(self, device: torch.device, overlaps: bool) -> None:
        self.overlaps = overlaps
        self._stream: torch.cuda.Stream | None = None
        if overlaps and device.type == "cuda":
            self._stream = torch.cuda.Stream(device)
            self._stream.wait_stream(torch.cuda.current_stream(device))  # the weights are there

    @contextmanager
    def beside(self, *inputs: Tensor) -> Iterator[None]:
        """Issue what follows to this queue.

        Args:
            inputs: Tensors of the main queue that it reads. Their memory is not used again before
                this queue has done so, even if they are dropped at once.
        """
        if self._stream is None:
            yield
            return
        for tensor in inputs:
            tensor.record_stream(self._stream)
        with torch.cuda.stream(self._stream):
            yield

    def hand_over(self, output: Tensor) -> None:
        """Let the main queue read what this one computed, though it is dropped at once."""
        if self._stream is not None and output.is_cuda:
            output.record_stream(torch.cuda.current_stream(output.device))
