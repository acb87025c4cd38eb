"""The capture of computations over fixed memory as CUDA graphs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor

Compute = Callable[[], Tensor]
"""A computation from tensors that stay where they are; its result lasts until it runs again."""


class Capture(Protocol):
    """One way to repeat computations that never overlap."""

    def free_bytes(self) -> int:
        """Return how much memory nothing holds."""

    def reserve(self, largest: Sequence[Compute]) -> None:
        """Make room for each of `largest`, the largest computations of each kind to come."""

    def __call__(self, compute: Compute) -> Compute:
        """Return a function that repeats `compute`."""


class GraphCapture:
    """Captures CUDA graphs that share one pool of memory, and so must never run side by side.

    Its stream is its own: cuBLAS has a workspace for each stream, which the graphs captured there
    share, too. Graphs of two captures may run side by side.
    """

    def __init__(self) -> None:
        self._pool = torch.cuda.graph_pool_handle()
        self._stream = torch.cuda.Stream()
        self._room = torch.cuda.CUDAGraph()

    def free_bytes(self) -> int:
        """See `Capture`."""
        torch.cuda.empty_cache()  # it is free, but the driver does not know
        free, _ = torch.cuda.mem_get_info()
        return free

    def reserve(self, largest: Sequence[Compute]) -> None:
        """See `Capture`.

        The graphs come from small to large, and no segment of a pool grows: one that holds the
        largest is there from the start, or each graph would bring segments of its own.
        """
        num_bytes = max(map(self._measure, largest))
        with self._capture(self._room):
            torch.empty(num_bytes, dtype=torch.uint8, device="cuda").fill_(0)

    def _measure(self, compute: Compute) -> int:
        """Return the bytes that `compute` takes at most."""
        self._warm_up(compute)
        torch.cuda.reset_peak_memory_stats()
        held = torch.cuda.memory_allocated()
        self._warm_up(compute)
        return torch.cuda.max_memory_allocated() - held

    def __call__(self, compute: Compute) -> Compute:
        """See `Capture`; the result is the same tensor each time."""
        self._warm_up(compute)
        graph = torch.cuda.CUDAGraph()
        with self._capture(graph):
            result = compute()

        def replay() -> Tensor:
            graph.replay()
            return result

        return replay

    def _warm_up(self, compute: Compute) -> None:
        """Call `compute` where it will be captured.

        A first call builds kernels, makes handles and plans: none of that may be captured.
        """
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            compute()
        torch.cuda.current_stream().wait_stream(self._stream)

    def _capture(self, graph: torch.cuda.CUDAGraph) -> torch.cuda.graph:
        # Another thread, of Ray's say, may call the driver meanwhile.
        return torch.cuda.graph(
            graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"
        )
