"""The pass over tables, by fused kernels, in buckets of fixed size that a graph can replay.

A pass is put into the smallest bucket that has room for its positions and lanes. The rest of a
bucket belongs to no lane and changes none: every sum of the model runs within one position or over
the keys of one lane. A pass larger than every bucket runs at its own size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from engine.echo.config import MAX_FRAMES
from engine.echo.forward import JobStep
from engine.echo.forward.contexts import (
    Context,
    ContextBucket,
    PackedContext,
    latent_reader,
    text_reader,
)
from engine.echo.forward.modulations import ModulationTable
from engine.echo.graphs import Capture, Compute
from engine.echo.model.attention import Lane
from engine.echo.model.dit import EchoDiT
from engine.echo.model.ops import Ops, fits_kernels
from engine.echo.model.packed import packed_step
from engine.echo.model.packing import PlacedLane, Size, Tables, Update, send_tables
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
        num_modulations: Rows of the table of modulations.
        text_lengths: The lengths of the buckets of a text.
        latent_lengths: Those of earlier latents, in patches.
    """

    def __init__(
        self,
        dit: EchoDiT,
        ops: Ops,
        sizes: Iterable[Size] = (),
        num_modulations: int = 128,
        text_lengths: Iterable[int] = (),
        latent_lengths: Iterable[int] = (),
    ) -> None:
        self.dit, self._ops = dit, ops
        self._modulations = ModulationTable(dit, num_modulations)
        # Held here: a graph reads it by its address, and the cache that it comes from may drop it.
        self._rotary = dit.rotation(0, MAX_FRAMES)
        self._buckets = [self._new_bucket(size) for size in sorted(sizes)]
        self._contexts: list[PackedContext] = []
        self.text_context: Context = dit.text_context
        self.latent_context: Context = dit.latent_context
        if fits_kernels(dit.text_encoder.head_dim):
            self.text_context = PackedContext(dit, ops, text_reader(dit), text_lengths)
            self._contexts.append(self.text_context)
        if dit.blockwise and fits_kernels(dit.latent_encoder.head_dim):
            self.latent_context = PackedContext(dit, ops, latent_reader(dit), latent_lengths)
            self._contexts.append(self.latent_context)

    def _new_bucket(self, size: Size) -> Bucket:
        dit = self.dit
        dtype = torch.promote_types(dit.dtype, torch.float32)
        x = torch.zeros((size.positions, dit.config.latent_dim), dtype=dtype, device=dit.device)
        return Bucket(size, x, Tables(size, dit.device, dtype))

    def capture(self, capture: Capture) -> int:
        """Capture the computation of every bucket; return how many memory allowed.

        The smallest of each kind come first.
        """
        kinds: list[list[tuple[Bucket | ContextBucket, Compute]]] = [
            [(bucket, self._compute(bucket, ())) for bucket in self._buckets]
        ]
        kinds += [[*context.captures()] for context in self._contexts]
        captured = 0
        try:
            capture.reserve([computes[-1][1] for computes in kinds if computes])
            for computes in kinds:
                for bucket, compute in computes:
                    bucket.replay = capture(compute)
                    captured += 1
        except torch.OutOfMemoryError:
            pass  # what is left runs without a graph
        finally:
            torch.cuda.empty_cache()  # what the first calls took outside the graphs' pool
        return captured

    def __call__(self, job_steps: Sequence[JobStep]) -> list[Tensor]:
        """See `Forward`."""
        lanes = [placed for job_step in job_steps for placed in job_step.lanes]
        states = [job_step.x for job_step in job_steps for _ in job_step.lanes]
        starts = [0, *accumulate(map(len, states))]
        bucket = self._bucket_for(lanes) or self._new_bucket(Size(starts[-1], len(lanes)))
        torch.cat(states, out=bucket.x[: starts[-1]])
        rows = self._modulations.rows([placed.t for placed in lanes])
        send_tables(bucket.tables, lanes, rows, list(_updates(job_steps)))
        replay = bucket.replay or self._compute(bucket, [placed.lane for placed in lanes])
        after = replay()[: starts[-1]]
        if bucket.replay is not None:
            after = after.clone()  # the next step overwrites it
        return [
            after[starts[update.cond] :][: len(job_step.x)]
            for job_step, update in zip(job_steps, _updates(job_steps), strict=True)
        ]

    def _bucket_for(self, lanes: Sequence[PlacedLane]) -> Bucket | None:
        needed = Size(sum(placed.lane.num_frames for placed in lanes), len(lanes))
        return next((bucket for bucket in self._buckets if bucket.size.holds(needed)), None)

    def _compute(self, bucket: Bucket, lanes: Sequence[Lane]) -> Compute:
        """Return the computation of one pass; `lanes` are needed where no kernel reads tables."""
        modulation, rotary = self._modulations.table, self._rotary
        return lambda: packed_step(
            self.dit, self._ops, bucket.x, modulation, rotary, bucket.tables, lanes
        )


def _updates(job_steps: Iterable[JobStep]) -> Iterator[Update]:
    """Yield how each step combines the lanes of a pass, which come step by step."""
    number = 0
    for job_step in job_steps:
        cond, last = number, number + len(job_step.lanes) - 1
        number = last + 1
        rescale, given = job_step.step.rescale or Rescale(1.0, 0.0), job_step.plan.parameters
        guides_text, guides_speaker = job_step.no_text is not None, job_step.no_speaker is not None
        yield Update(
            cond,
            cond + guides_text,
            last if guides_speaker else cond,
            (
                guides_text * given.cfg_scale_text,
                guides_speaker * given.cfg_scale_speaker,
                rescale.ratio,
                rescale.pull,
                job_step.step.dt,
            ),
        )
