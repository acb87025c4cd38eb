"""Lanes for packed passes: of different length, context, start and t."""

import torch

from engine.echo.model.attention import Lane
from engine.echo.model.packing import PlacedLane, Size, Tables


def draw(*shape, dtype=torch.float32, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def place_lanes(layers, num_heads, head_dim, dtype=torch.float32, frames=(7, 7, 3), keys=(5, 2)):
    """Return one lane with text and voice, one with voice alone, one with nothing."""
    text, voice = (
        draw(layers, 2, size, num_heads, head_dim, dtype=dtype, seed=size) for size in keys
    )
    return [
        PlacedLane(Lane(num_frames, context), start, t)
        for num_frames, context, start, t in zip(
            frames, ((text, voice), (voice,), ()), (0, 4, 9), (0.5, 0.9, 0.5), strict=True
        )
    ]


def fill_tables(lanes, rows, updates=()):
    size = Size(sum(placed.lane.num_frames for placed in lanes), len(lanes))
    tables = Tables(size, torch.device("cpu"))
    tables.fill(lanes, rows, updates)
    return tables
