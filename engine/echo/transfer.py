"""Copies between host and device, through pinned memory, that do not block the host.

A copy from ordinary memory would wait for all work that the device has been given.
"""

from __future__ import annotations

import torch
from torch import Tensor


def upload(values: Tensor, device: torch.device) -> Tensor:
    """Return `values` on `device`, where they may be already; a copy takes its turn there."""
    if device.type == "cuda" and values.device.type == "cpu" and not values.is_pinned():
        values = values.pin_memory()
    return values.to(device, non_blocking=True)


class Download:
    """A copy to the host under way.

    Args:
        values: The tensor to copy; it may be dropped at once.
    """

    def __init__(self, values: Tensor) -> None:
        pinned = values.is_cuda
        self.unfinished = torch.empty_like(values, device="cpu", pin_memory=pinned)
        """The copy before it is complete: good for sending back to the same device, in turn."""
        self.unfinished.copy_(values, non_blocking=pinned)
        self._done: torch.cuda.Event | None = None
        if pinned:
            self._done = torch.cuda.Event()
            self._done.record()

    def is_done(self) -> bool:
        """Return whether the copy is complete, without waiting."""
        return self._done is None or self._done.query()

    def wait(self) -> Tensor:
        """Return the copy once it is complete."""
        if self._done is not None:
            self._done.synchronize()
        return self.unfinished
