"""Tiles: the work of one program, how much of it fits a card, and the convolution's choice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from torch import Tensor

DATA_CENTRE = range(90, 120)
"""Capabilities of Hopper and Blackwell with which Triton holds the input of every stage; with all
others, of all but one."""


@dataclass(frozen=True)
class Tile:
    """The work of one program and how it is done.

    Attributes:
        rows: Rows of the output.
        wide: Its channels, a power of two.
        narrow: More of them, a power of two or 0: most numbers of channels are 3 * 2^n.
        depth: Input channels of a step of the sum.
        warps: Groups of 32 threads.
        stages: Steps whose input is on its way at once.
    """

    rows: int
    wide: int
    narrow: int
    depth: int
    warps: int
    stages: int

    @property
    def columns(self) -> int:
        """Channels of the output."""
        return self.wide + self.narrow

    def shared_bytes(self, operand_bytes: int, capability: int) -> int:
        """Return the shared memory that a program takes for its input."""
        step = (self.rows + self.columns) * self.depth * operand_bytes
        before_last = max(1, self.stages - 1) * step
        if capability not in DATA_CENTRE:
            return before_last
        if operand_bytes == 4:  # of the last step, only the weights, in two parts
            return before_last + 2 * self.columns * self.depth * operand_bytes
        return self.stages * step


_INTERPRETED = Tile(2**11, 16, 0, 16, 1, 1)
"""Triton's interpreter takes its time for each program: few large ones will do."""


def best_tile(num_out: int, num_taps: int, num_in: int, operand_bytes: int = 2) -> Tile:
    """Return a fast tile for a layer of such weights, on a card where it fits.

    By these few rules the published decoder takes 3 % longer on an H200 than with the fastest tile
    for each of its layers, and the encoder's convolutions 5 %: see bench/RESULTS.md.
    """
    if operand_bytes == 4:
        return _best_in_float32(num_out, num_taps, num_in)
    if num_out < 64:
        return Tile(128, 16, 0, 32, 4, 4)
    if num_in % 64:
        return Tile(64, 64, 32, 32, 4, 3) if num_taps == 1 else Tile(128, 64, 32, 32, 4, 4)
    if num_taps == 1:  # a short sum: the registers are for the residual stream
        return Tile(128, 64, 0, 64, 4, 3)
    if num_out > 192:
        return Tile(128, 128, 0, 64, 8, 3)
    return Tile(128, 128, 64, 64, 8, 3)


def _best_in_float32(num_out: int, num_taps: int, num_in: int) -> Tile:
    """Return a fast tile where each operand is held in two parts, in registers."""
    if num_taps == 2 and num_in > 16:  # a stride: long rows
        return Tile(128, 64, 0, 32, 8, 3)
    return Tile(64, 64, 0, 16 if num_in == 16 else 32, 4, 3)


def fit(tile: Tile, operand_bytes: int, capability: int, limit: int) -> Tile:
    """Return `tile` with as many stages as `limit` bytes of shared memory have room for."""
    while tile.stages > 1 and tile.shared_bytes(operand_bytes, capability) > limit:
        tile = replace(tile, stages=tile.stages - 1)
    return tile


def fit_to(tile: Tile, operand: Tensor) -> Tile:
    """Return `tile` as it fits the device of `operand`: see `fit`."""
    if operand.device.type != "cuda":
        return tile
    limits = limits_of(operand.device)
    return fit(tile, operand.element_size(), limits.capability, limits.shared_bytes)


def tile_for(weight: Tensor) -> Tile:
    """Return the tile for a layer of `weight` (C_out, taps, C_in) on its device."""
    if weight.device.type != "cuda":
        return _INTERPRETED
    num_out, num_taps, num_in = weight.shape
    return fit_to(best_tile(num_out, num_taps, num_in, weight.element_size()), weight)


def precision_for(weight: Tensor) -> str:
    """Return how Triton multiplies by `weight` on its device.

    Numbers of float32 are multiplied in float32, or on a GPU with TF32 as three products of it,
    whose error is about the same; those of float16 exactly, whatever this says.
    """
    on_gpu = weight.device.type == "cuda"
    return "tf32x3" if on_gpu and limits_of(weight.device).capability >= 80 else "ieee"


@dataclass(frozen=True)
class Limits:
    """The resources of a GPU.

    Attributes:
        capability: Ten times its major version, and its minor one.
        shared_bytes: The most shared memory of a program.
        processors: Its multiprocessors.
    """

    capability: int
    shared_bytes: int
    processors: int


@cache
def limits_of(device: torch.device) -> Limits:
    """Return what the GPU `device` has."""
    card: Any = torch.cuda.get_device_properties(device)  # its type lacks the second
    capability = 10 * card.major + card.minor
    return Limits(capability, card.shared_memory_per_block_optin, card.multi_processor_count)
