"""The transformer's contexts of a job's text and its earlier latents, computed over tables.

Each encoder has buckets of a few lengths, which a graph can replay: hundreds of launches, most of
them short, are one. What is longer than every bucket runs at its own length.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.echo.config import MAX_FRAMES, PATCH_FRAMES
from engine.echo.graphs import Compute
from engine.echo.model.attention import KeyValues, Lane
from engine.echo.model.dit import EchoDiT
from engine.echo.model.encoders import Encoder
from engine.echo.model.ops import Ops
from engine.echo.model.packed import norms_as_modulation, packed_context
from engine.echo.model.packing import PlacedLane, Size, Tables, send_tables

Context = Callable[[Tensor], KeyValues]
"""Keys and values, (layers, 2, P, H, D), of what an encoder reads."""


@dataclass(frozen=True)
class Reader:
    """One of the encoders, with what comes before and after it.

    The rotations are held here: a graph reads them by their address, and the cache that they come
    from may drop them.

    Attributes:
        encoder: The encoder.
        last_norm: The weight of the norm after it.
        projection: The projection of its state to keys and values.
        new_input: Makes an input of so many positions.
        turn: The rotation of its positions, (MAX_POSITIONS, 2, D / 2).
        rotation: That of the keys which the projection makes; None if they have no place.
    """

    encoder: Encoder
    last_norm: Tensor
    projection: nn.Linear
    new_input: Callable[[int], Tensor]
    turn: Tensor
    rotation: Tensor | None = None


def text_reader(dit: EchoDiT) -> Reader:
    """Return the reader of tokens (L,)."""

    def new_input(length: int) -> Tensor:
        return torch.zeros(length, dtype=torch.int64, device=dit.device)

    encoder = dit.text_encoder
    return Reader(encoder, dit.text_norm, dit.wkv_text, new_input, encoder.rotation())


def latent_reader(dit: EchoDiT) -> Reader:
    """Return the reader of latents (4 P, latent_dim)."""

    def new_input(length: int) -> Tensor:
        shape = (length * PATCH_FRAMES, dit.config.latent_dim)
        return torch.zeros(shape, dtype=dit.dtype, device=dit.device)

    encoder, rotation = dit.latent_encoder, dit.rotation(0, MAX_FRAMES, PATCH_FRAMES)
    return Reader(encoder, dit.latent_norm, dit.wkv_latent, new_input, encoder.rotation(), rotation)


@dataclass
class ContextBucket:
    """Memory of one length.

    Attributes:
        given: The input, of the bucket's length; what this call did not fill is older.
        tables: The place of the lane in it.
        replay: The captured computation; None until it is captured.
    """

    given: Tensor
    tables: Tables
    replay: Compute | None = None


class PackedContext:
    """A `Context` over tables, in buckets.

    Args:
        dit: The model.
        ops: The functions that it is made of.
        reader: The encoder.
        lengths: The lengths of the buckets, in positions.

    Attributes:
        buckets: The buckets, the shortest first.
    """

    def __init__(self, dit: EchoDiT, ops: Ops, reader: Reader, lengths: Iterable[int] = ()) -> None:
        self._dit, self._ops, self._reader = dit, ops, reader
        self._norms = norms_as_modulation(reader.encoder, reader.last_norm)
        self._rows_per_position = len(reader.new_input(1))
        self.buckets = [self._new_bucket(length) for length in sorted(lengths)]

    def _new_bucket(self, length: int) -> ContextBucket:
        return ContextBucket(
            self._reader.new_input(length), Tables(Size(length, 1), self._dit.device)
        )

    def __call__(self, given: Tensor) -> KeyValues:
        """See `Context`."""
        bucket = next((each for each in self.buckets if len(each.given) >= len(given)), None)
        num_positions = len(given) // self._rows_per_position
        bucket = bucket or self._new_bucket(num_positions)
        bucket.given[: len(given)] = given
        lane = Lane(num_positions, ())
        send_tables(bucket.tables, [PlacedLane(lane, 0, 0.0)], [0], [])
        replay = bucket.replay or self.compute(bucket, [lane])
        # A copy: the next call overwrites it.
        return replay()[:, :, :num_positions].clone(memory_format=torch.contiguous_format)

    def captures(self) -> list[tuple[ContextBucket, Compute]]:
        """Return every bucket with its computation, whose result lasts until any other's.

        They write into memory that all share: results of their own would stay side by side.
        """
        if not self.buckets:
            return []
        config = self._dit.config
        lengths = [len(bucket.tables.rows) for bucket in self.buckets]
        shapes = [(config.num_layers, 2, n, config.num_heads, config.head_dim) for n in lengths]
        shared = self._norms.new_empty(math.prod(shapes[-1]))
        results = [shared[: math.prod(shape)].view(shape) for shape in shapes]
        return [
            (bucket, self._writer(bucket, result))
            for bucket, result in zip(self.buckets, results, strict=True)
        ]

    def _writer(self, bucket: ContextBucket, result: Tensor) -> Compute:
        compute = self.compute(bucket)
        return lambda: result.copy_(compute())

    def compute(self, bucket: ContextBucket, lanes: Sequence[Lane] = ()) -> Compute:
        """Return the computation in a bucket; `lanes` are needed where no kernel reads tables."""
        reader, length = self._reader, len(bucket.tables.rows)
        rotation = None if reader.rotation is None else reader.rotation[:length]
        return lambda: packed_context(
            self._dit,
            self._ops,
            reader.encoder,
            reader.projection,
            self._norms,
            bucket.given,
            reader.turn[:length],
            rotation,
            bucket.tables,
            lanes,
        )
