"""The pass over tables, by fused kernels, in buckets of fixed size that a graph can replay.

A pass is put into the smallest bucket that has room for its positions, lanes and context. The rest
of a bucket belongs to no lane and changes none: every sum of the model runs within one position or
over the keys of one lane. A pass larger than every bucket runs at its own size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from engine.echo.config import MAX_FRAMES
from engine.echo.forward import Move
from engine.echo.forward.modulations import ModulationTable
from engine.echo.graphs import Capture, Compute
from engine.echo.model.attention import attend, can_flash
from engine.echo.model.dit import EchoDiT
from engine.echo.model.ops import Ops
from engine.echo.model.packed import Attend, new_workspace, packed_step
from engine.echo.model.packing import (
    PlacedLane,
    Segments,
    Size,
    Tables,
    Update,
    Workspace,
)
from engine.echo.sampling import Rescale


@dataclass
class Bucket:
    """Memory of one size of pass.

    Attributes:
        size: Its room.
        x: The states, (positions, latent_dim); rows that this pass did not fill are older.
        tables: The tables of the pass, on the device.
        replay: The captured computation of the next states; None until it is captured.
    """

    size: Size
    x: Tensor
    tables: Tables
    replay: Compute | None = None


class PackedForward:
    """A `Forward` over tables, in buckets.

    Args:
        dit: The model.
        ops: The functions that it is made of.
        sizes: The sizes of the buckets.
        max_context: Context keys of all lanes that a bucket has room for.
        num_modulations: Rows of the table of modulations.
    """

    def __init__(
        self,
        dit: EchoDiT,
        ops: Ops,
        sizes: Iterable[Size] = (),
        max_context: int = 0,
        num_modulations: int = 128,
    ) -> None:
        self.dit, self._ops = dit, ops
        self._modulations = ModulationTable(dit, num_modulations)
        # Held here: a graph reads it by its address, and the cache that it comes from may drop it.
        self._rotary = dit.rotation(0, MAX_FRAMES)
        self._max_context = max_context
        sizes = sorted(sizes)
        largest = sizes[-1].positions if sizes else 0
        self._workspace = new_workspace(dit, largest + max_context)
        self._buckets = [self._new_bucket(size) for size in sizes]

    def _new_bucket(self, size: Size) -> Bucket:
        dit = self.dit
        dtype = torch.promote_types(dit.dtype, torch.float32)
        x = torch.zeros((size.positions, dit.config.latent_dim), dtype=dtype, device=dit.device)
        return Bucket(size, x, Tables(size, dit.device, dtype))

    def capture(self, capture: Capture) -> int:
        """Capture a pass of every bucket, the smallest first; return how many memory allowed."""
        computes = [
            self._compute(bucket.x, bucket.tables, Segments((), bucket.tables.segments))
            for bucket in self._buckets
        ]
        try:
            capture.reserve(computes[-1])
            for bucket, compute in zip(self._buckets, computes, strict=True):
                bucket.replay = capture(compute)
        except torch.OutOfMemoryError:
            pass  # the passes that are left run without a graph
        finally:
            torch.cuda.empty_cache()  # what the first calls took outside the graphs' pool
        return sum(bucket.replay is not None for bucket in self._buckets)

    def __call__(self, moves: Sequence[Move]) -> list[Tensor]:
        """See `Forward`."""
        lanes = [placed for move in moves for placed in move.lanes]
        states = [move.x for move in moves for _ in move.lanes]
        starts = [0, *accumulate(map(len, states))]
        bucket = self._bucket_for(lanes) or self._new_bucket(Size(starts[-1], len(lanes)))
        torch.cat(states, out=bucket.x[: starts[-1]])
        segments = self._send_tables(bucket, lanes, list(_updates(moves)))
        replay = bucket.replay or self._compute(bucket.x, bucket.tables, segments, lanes)
        after = replay()[: starts[-1]]
        if bucket.replay is not None:
            after = after.clone()  # the next step overwrites it
        return [
            after[starts[update.cond] :][: len(move.x)]
            for move, update in zip(moves, _updates(moves), strict=True)
        ]

    def _send_tables(
        self, bucket: Bucket, lanes: Sequence[PlacedLane], updates: Sequence[Update]
    ) -> Segments:
        """Send a bucket its tables in one copy, which takes its turn on the device."""
        x, tables = bucket.x, bucket.tables
        host = Tables(bucket.size, torch.device("cpu"), x.dtype, pinned=x.is_cuda)
        rows = self._modulations.rows([placed.t for placed in lanes])
        parts = host.fill(lanes, rows, updates).parts
        tables.buffer.copy_(host.buffer, non_blocking=True)
        return Segments(parts, tables.segments)

    def _bucket_for(self, lanes: Sequence[PlacedLane]) -> Bucket | None:
        num_frames = sum(placed.lane.num_frames for placed in lanes)
        context = sum(placed.lane.num_keys for placed in lanes) - num_frames
        for bucket in self._buckets:
            size = bucket.size
            if num_frames <= size.positions and len(lanes) <= size.lanes:
                return bucket if context <= self._max_context else None
        return None

    def _compute(
        self, x: Tensor, tables: Tables, segments: Segments, lanes: Sequence[PlacedLane] = ()
    ) -> Compute:
        """Return the computation of one pass; `lanes` are needed where no kernel reads tables."""
        num_keys = len(x) + sum(part.shape[2] for part, _ in segments.parts)
        workspace = self._workspace
        if num_keys > len(workspace.keys):
            workspace = new_workspace(self.dit, num_keys)
        attend = self._attend(tables, workspace, lanes)
        modulation, rotary = self._modulations.table, self._rotary
        return lambda: packed_step(
            self.dit, self._ops, x, modulation, rotary, tables, segments, workspace, attend
        )

    def _attend(self, tables: Tables, workspace: Workspace, lanes: Sequence[PlacedLane]) -> Attend:
        keys, values = workspace.keys, workspace.values
        if can_flash(self.dit.device, self.dit.dtype):
            from engine.echo.model.flash import bare_flash  # slow to import, see `attention_for`

            bounds = min(len(tables.frames), MAX_FRAMES), len(keys)
            return lambda q: bare_flash(q, keys, values, tables.cu_q, tables.cu_k, *bounds)
        return lambda q: _attend_each(q, workspace, lanes)


def _updates(moves: Iterable[Move]) -> Iterator[Update]:
    """Yield how each move combines the lanes of a pass, which come move by move."""
    number = 0
    for move in moves:
        cond, last = number, number + len(move.lanes) - 1
        number = last + 1
        rescale, plan = move.step.rescale or Rescale(1.0, 0.0), move.plan
        guides_text, guides_speaker = move.no_text is not None, move.no_speaker is not None
        yield Update(
            cond,
            cond + guides_text,
            last if guides_speaker else cond,
            (
                guides_text * plan.text_scale,
                guides_speaker * plan.speaker_scale,
                rescale.ratio,
                rescale.pull,
                move.step.dt,
            ),
        )


def _attend_each(q: Tensor, workspace: Workspace, lanes: Sequence[PlacedLane]) -> Tensor:
    """Attend lane by lane, on any device."""
    out = torch.zeros_like(q)
    start = first = 0
    for placed in lanes:
        stop, end = start + placed.lane.num_frames, first + placed.lane.num_keys
        keys, values = workspace.keys[first:end], workspace.values[first:end]
        out[start:stop] = attend(q[start:stop], keys, values)
        start, first = stop, end
    return out
