"""The place of every position, lane and context part of one forward pass, as tables of integers.

They are all that differs between two passes of one size. They share one buffer, so that a pass
sends them to the device in one copy, and one captured CUDA graph serves any jobs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor

from engine.echo.model.attention import KeyValues, Lane

MAX_PARTS = 3
"""Context parts of a lane: earlier latents, text and speaker."""

NUM_SCALARS = 5
"""Scalars of an `Update`."""

_ALIGNED = 4
"""int32 in 16 bytes."""


@dataclass(frozen=True, order=True)
class Size:
    """The room of the tables, in positions and lanes."""

    positions: int
    lanes: int


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


@dataclass(frozen=True)
class Workspace:
    """Keys and values of every lane of a pass, (capacity, H, D) each.

    A lane's own come first, then its context's. All layers use the same memory in turn.
    """

    keys: Tensor
    values: Tensor


@dataclass(frozen=True)
class Segments:
    """The context parts of a pass and their places in the workspace.

    Attributes:
        parts: Each part with its first slot.
        table: The same as numbers for a kernel, (segments, 3) int64: address, rows, first slot.
            Unused segments have no rows.
    """

    parts: tuple[tuple[KeyValues, int], ...]
    table: Tensor


class Tables:
    """The tables of one pass, on the host or on the device.

    Attributes:
        buffer: The memory of all tables, int32.
        segments: The table of `Segments`.
        frames: (N,), the frame of each position.
        rows: (N,), the row of modulation of each position.
        slots: (N,), the place of its key and value in the workspace.
        updates: (N,), the row of `scalars` of each position; what is no job's state stands still.
        no_text: (N,), the position of the same frame in the job's lane without text.
        no_speaker: (N,), the same without speaker.
        cu_q: (lanes + 1,), the first position of each lane, and the end.
        cu_k: (lanes + 1,), the first key of each lane, and the end.
        scalars: (lanes + 1, 5), those of `Update` of each job; the last row is 0.
    """

    def __init__(
        self,
        size: Size,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
        pinned: bool = False,
    ) -> None:
        num_segments, num_jobs = MAX_PARTS * size.lanes, size.lanes + 1
        words = num_jobs * NUM_SCALARS * dtype.itemsize // 4
        lengths = [6 * num_segments, words, *[size.positions] * 6, *[size.lanes + 1] * 2]
        # Each begins at a multiple of 16 bytes, whatever the size: a kernel is compiled anew for
        # one that does not.
        rooms = [-(-length // _ALIGNED) * _ALIGNED for length in lengths]
        self.buffer = torch.zeros(sum(rooms), dtype=torch.int32, device=device, pin_memory=pinned)
        pairs = zip(torch.split(self.buffer, rooms), lengths, strict=True)
        segments, scalars, *others = (room[:length] for room, length in pairs)
        self.frames, self.rows, self.slots, *others = others
        self.updates, self.no_text, self.no_speaker, self.cu_q, self.cu_k = others
        self.segments = segments.view(torch.int64).view(num_segments, 3)
        self.scalars = scalars.view(dtype).view(num_jobs, NUM_SCALARS)

    def fill(
        self, lanes: Sequence[PlacedLane], rows: Sequence[int], updates: Sequence[Update]
    ) -> Segments:
        """Write the places and modulation rows of `lanes`, on the host; return their context.

        Positions left over belong to no lane: their results go to slots that no lane reads.

        Args:
            lanes: The lanes of the pass.
            rows: The row of modulation of each.
            updates: The update of each job.
        """
        num_frames = [placed.lane.num_frames for placed in lanes]
        first_keys = [0, *accumulate(placed.lane.num_keys for placed in lanes)]
        padding = len(self.frames) - sum(num_frames)
        used = first_keys[-1]
        _fill(self.frames, _spans([placed.start for placed in lanes], num_frames, padding))
        _fill(self.rows, np.repeat(rows, num_frames))
        slots = _spans([*first_keys[:-1], used], [*num_frames, padding])
        _fill(self.slots, slots)
        _fill(self.cu_q, [0, *accumulate(num_frames)], sum(num_frames))
        _fill(self.cu_k, first_keys, used)
        self._fill_updates(num_frames, updates)
        parts = tuple(_parts(lanes, first_keys))
        # Where the next lane's keys begin, this one's context has ended.
        table = [(part.data_ptr(), part.shape[2], slot) for part, slot in parts]
        self.segments.numpy()[:] = 0
        self.segments.numpy()[: len(table)] = np.array(table, np.int64).reshape(-1, 3)
        return Segments(parts, self.segments)

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


def _spans(starts: Sequence[int], lengths: Sequence[int], padding: int = 0) -> np.ndarray:
    """Return start, start + 1, … of each span, one after the other, then zeros."""
    spans = [np.arange(a, a + n) for a, n in zip(starts, lengths, strict=True)]
    return np.concatenate([*spans, np.zeros(padding, np.int64)])


def _fill(table: Tensor, values: Sequence[int] | np.ndarray, rest: int = 0) -> None:
    array = table.numpy()
    array[: len(values)] = values
    array[len(values) :] = rest


def _parts(
    lanes: Iterable[PlacedLane], first_keys: Sequence[int]
) -> Iterable[tuple[KeyValues, int]]:
    for placed, slot in zip(lanes, first_keys, strict=False):
        slot += placed.lane.num_frames
        for part in placed.lane.context:
            assert part.is_contiguous(), "kernels find a row by its number"
            yield part, slot
            slot += part.shape[2]
