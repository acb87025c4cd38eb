"""The sizes of pass that are captured as graphs, and the capture."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.echo.config import MAX_FRAMES
from engine.echo.forward.packed import Compute
from engine.echo.model.packing import Size

MAX_CONTEXT = 8192
"""Context keys of all lanes of a captured pass: twenty lanes of a text and a voice of 30 s."""

_POSITIONS = (96, 128, 256, 384, 512, 640, 960, 1280, 1600, 1920, 2560)
_GUIDED = 3 * MAX_FRAMES
_LANES = ((4, 0), (16, 256), (48, 960))
"""Lanes of a bucket, and the fewest positions with which so many are likely."""


def bucket_sizes(max_lane_frames: int) -> list[Size]:
    """Return the sizes worth a graph where a pass holds up to `max_lane_frames` positions.

    A job that is larger goes alone: a guided one of full length always has its bucket.
    """
    return [
        Size(positions, lanes)
        for positions in _POSITIONS
        if positions <= max(max_lane_frames, _GUIDED)
        for lanes, least in _LANES
        if positions >= least
    ]


class GraphCapture:
    """Captures computations as CUDA graphs that share one pool of memory: they never overlap."""

    def __init__(self) -> None:
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, compute: Compute) -> Compute:
        """Return what replays `compute`; its result is the same tensor each time."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):  # what is built or chosen in a first call is no work
            compute()
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool):
            result = compute()

        def replay() -> Tensor:
            graph.replay()
            return result

        return replay
