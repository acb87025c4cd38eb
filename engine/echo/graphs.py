"""The capture of computations over fixed memory as CUDA graphs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

Compute = Callable[[], Tensor]
"""A computation from tensors that stay where they are; its result lasts until it runs again."""


class Capture(Protocol):
    """One way to repeat computations that never overlap."""

    def reserve(self, compute: Compute) -> None:
        """Make room for `compute`, the largest of those to come."""

    def __call__(self, compute: Compute) -> Compute:
        """Return a function that repeats `compute`."""


class GraphCapture:
    """Captures CUDA graphs that share one pool of memory."""

    def __init__(self) -> None:
        self._pool = torch.cuda.graph_pool_handle()
        self._room = torch.cuda.CUDAGraph()

    def reserve(self, compute: Compute) -> None:
        """See `Capture`.

        The graphs come from small to large, and no segment of a pool grows: one that holds the
        largest is there from the start, or each graph would bring segments of its own.
        """
        torch.cuda.reset_peak_memory_stats()
        held = torch.cuda.memory_allocated()
        compute()
        num_bytes = torch.cuda.max_memory_allocated() - held
        with torch.cuda.graph(self._room, pool=self._pool):
            torch.empty(num_bytes, dtype=torch.uint8, device="cuda").fill_(0)

    def __call__(self, compute: Compute) -> Compute:
        """See `Capture`; the result is the same tensor each time."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):  # a first call builds and tunes kernels: not to be captured
            compute()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool):
            result = compute()

        def replay() -> Tensor:
            graph.replay()
            return result

        return replay
