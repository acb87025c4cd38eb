"""The place of every position, lane and context part of one forward pass, as tables of integers.

They are all that differs between two passes of one size. They share one buffer, so that a pass
sends them to the device in one copy, and one captured CUDA graph serves any jobs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor

from engine.echo.model.attention import Lane

MAX_PARTS = 3
"""Context parts of a lane: earlier latents, text and speaker."""

NUM_SCALARS = 5
"""Scalars of an `Update`."""

TILE = 64
"""Positions of a tile at most: the queries that attend together, all of one lane."""

_ALIGNED = 4
"""int32 in 16 bytes."""


@dataclass(frozen=True, order=True)
class Size:
    """The room of the tables, in positions and lanes."""

    positions: int
    lanes: int

    def holds(self, other: Size) -> bool:
        """Return whether `other` has room here."""
        return other.positions <= self.positions and other.lanes <= self.lanes


@dataclass(frozen=True)
class PlacedLane:
    """A lane with what its positions need besides keys.

    Attributes:
        lane: Its frames and their context.
        start: The first frame's place in the latent.
        t: The t of the job's step.
    """

    lane: Lane
    start: int
    t: float


@dataclass(frozen=True)
class Update:
    """The way from the velocities of a job's lanes to its next state.

    v = cond + text_scale (cond - no_text) + speaker_scale (cond - no_speaker), then
    x += (ratio v + pull x) dt. A lane that a job lacks has scale 0.

    Attributes:
        cond: The number of its lane with all context, among the lanes of the pass.
        no_text: That of its lane without text; `cond` if it has none.
        no_speaker: That of its lane without speaker; `cond` if it has none.
        scalars: text_scale, speaker_scale, ratio, pull and dt.
    """

    cond: int
    no_text: int
    no_speaker: int
    scalars: tuple[float, float, float, float, float]


class Tables:
    """The tables of one pass, on the host or on the device.

    Attributes:
        buffer: The memory of all tables, int32.
        parts: (lanes, MAX_PARTS, 2) int64, the address and number of keys of each lane's context
            parts; a part that there is not has no keys.
        tiles: (tiles, 4), the first position of each tile, its lane's first position and end, and
            the number of its lane, which is -1 for the positions left over; one that there is not
            has all 0.
        frames: (N,), the frame of each position.
        rows: (N,), the row of modulation of each position.
        updates: (N,), the row of `scalars` of each position; what is no job's state stands still.
        no_text: (N,), the position of the same frame in the job's lane without text.
        no_speaker: (N,), the same without speaker.
        scalars: (lanes + 1, 5), those of `Update` of each job; the last row is 0.
    """

    def __init__(
        self,
        size: Size,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
        pinned: bool = False,
    ) -> None:
        num_parts, num_jobs = MAX_PARTS * size.lanes, size.lanes + 1
        num_tiles = size.positions // TILE + size.lanes + 1
        words = num_jobs * NUM_SCALARS * dtype.itemsize // 4
        lengths = [4 * num_parts, words, 4 * num_tiles, *[size.positions] * 5]
        # Each begins at a multiple of 16 bytes, whatever the size: a kernel is compiled anew for
        # one that does not.
        rooms = [-(-length // _ALIGNED) * _ALIGNED for length in lengths]
        self.buffer = torch.zeros(sum(rooms), dtype=torch.int32, device=device, pin_memory=pinned)
        pairs = zip(torch.split(self.buffer, rooms), lengths, strict=True)
        parts, scalars, tiles, *others = (room[:length] for room, length in pairs)
        self.frames, self.rows, self.updates, self.no_text, self.no_speaker = others
        self.size, self.dtype = size, dtype
        self.parts = parts.view(torch.int64).view(size.lanes, MAX_PARTS, 2)
        self.tiles = tiles.view(num_tiles, 4)
        self.scalars = scalars.view(dtype).view(num_jobs, NUM_SCALARS)

    def fill(
        self, lanes: Sequence[PlacedLane], rows: Sequence[int], updates: Sequence[Update]
    ) -> None:
        """Write the places and modulation rows of `lanes`, on the host.

        Positions left over belong to no lane.

        Args:
            lanes: The lanes of the pass.
            rows: The row of modulation of each.
            updates: The update of each job.
        """
        num_frames = [placed.lane.num_frames for placed in lanes]
        padding = len(self.frames) - sum(num_frames)
        frames = [np.arange(p.start, p.start + p.lane.num_frames) for p in lanes]
        _fill(self.frames, np.concatenate(frames))
        _fill(self.rows, np.repeat(rows, num_frames))
        _fill(self.tiles, np.array(list(_tiles([*num_frames, padding])), np.int32).reshape(-1, 4))
        self._fill_parts(lanes)
        self._fill_updates(num_frames, updates)

    def _fill_parts(self, lanes: Sequence[PlacedLane]) -> None:
        table = self.parts.numpy()
        table[:] = 0
        for number, placed in enumerate(lanes):
            for own, part in zip(table[number], placed.lane.context, strict=False):
                assert part.is_contiguous(), "kernels find a row by its number"
                own[:] = part.data_ptr(), part.shape[2]

    def _fill_updates(self, num_frames: Sequence[int], updates: Sequence[Update]) -> None:
        starts = [0, *accumulate(num_frames)]
        places, scalars = np.arange(len(self.frames)), self.scalars.numpy()
        self.updates.fill_(len(scalars) - 1)
        scalars[:] = 0
        for table in (self.no_text, self.no_speaker):
            table.numpy()[:] = places
        for number, update in enumerate(updates):
            span = np.arange(num_frames[update.cond])
            own = starts[update.cond] + span
            self.updates.numpy()[own] = number
            self.no_text.numpy()[own] = starts[update.no_text] + span
            self.no_speaker.numpy()[own] = starts[update.no_speaker] + span
            scalars[number] = update.scalars


def _fill(table: Tensor, values: np.ndarray) -> None:
    """Write `values`, then zeros."""
    array = table.numpy()
    array[: len(values)] = values
    array[len(values) :] = 0


def _tiles(num_frames: Sequence[int]) -> Iterator[tuple[int, int, int, int]]:
    """Yield the tiles of lanes, the last of which is what is left over: see `Tables.tiles`.

    Those of a lane start at its beginning, so that they do not depend on the lanes before.
    """
    stop = 0
    for number, length in enumerate(num_frames):
        start, stop = stop, stop + length
        lane = number if number < len(num_frames) - 1 else -1
        for first in range(start, stop, TILE):
            yield first, start, stop, lane


def send_tables(
    tables: Tables,
    lanes: Sequence[PlacedLane],
    rows: Sequence[int],
    updates: Sequence[Update],
) -> None:
    """Fill `tables`, on any device, in one copy that takes its turn there: see `Tables.fill`."""
    buffer = tables.buffer
    host = Tables(tables.size, torch.device("cpu"), tables.dtype, pinned=buffer.is_cuda)
    host.fill(lanes, rows, updates)
    buffer.copy_(host.buffer, non_blocking=True)
