"""Lanes for packed passes: of different length, context, start and t."""

import torch

from engine.echo.model.attention import Lane
from engine.echo.model.packing import PlacedLane, Size, Tables, Workspace


def draw(*shape, dtype=torch.float32, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def place_lanes(layers, num_heads, head_dim, dtype=torch.float32, frames=(7, 7, 3)):
    """Return one lane with text and voice, one with voice alone, one with nothing."""
    text, voice = (
        draw(layers, 2, size, num_heads, head_dim, dtype=dtype, seed=size) for size in (5, 2)
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
    return tables, tables.fill(lanes, rows, updates)


def empty_workspace(num_keys, num_heads, head_dim, dtype):
    """Return a workspace in which whatever nobody writes is found out."""
    keys = torch.full((num_keys, num_heads, head_dim), torch.nan, dtype=dtype)
    return Workspace(keys, keys.clone())
