"""Examples to batches: windows of like length, conditions denied now and then, all seeded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.echo.codecs.source_filter.codec import Components
from engine.echo.codecs.source_filter.features import SUBFRAMES, Floats
from engine.echo.config import MAX_FRAMES, PATCH_FRAMES
from engine.echo.options import EchoOptions
from training.cast import NUM_FRAMES, Cast
from training.dataset import Dataset, Example
from training.losses import Batch
from training.model import Conditions
from training.shards import SILENCE_INDEX, Item

_TEXT_DENIED, _SPEAKER_DENIED = 0.1, 0.18
_BLOCKWISE = 0.25
_BLOCKS = tuple(pairwise(accumulate(EchoOptions().stream_blocks, initial=0)))
"""First frame and end of what the engine draws at once when it streams."""
_MAX_TAIL = 64
_SHORTEST_REFERENCE, _LONGEST_REFERENCE = 20, 200
_ANALYSED = 0.85
"""Part of the batches whose references, short enough, are what the codec makes of their audio."""
_POOL = 24  # batches sorted by length together
_EARLIER_NOISE = 0.1  # what was drawn before is never perfect

_Rows = list[NDArray[np.float32]]


class Batches:
    """Random batches of a dataset.

    Args:
        dataset: Where they come from.
        components: The codec's.
        max_frames: Frames of all windows of a batch together, at most.
        max_rows: Windows of a batch, at most.
        num_draws: How often each window is drawn, from other noise at other times.
        num_joined: Long texts in a pool.
    """

    def __init__(
        self,
        dataset: Dataset,
        components: Components,
        max_frames: int,
        max_rows: int,
        num_draws: int = 2,
        num_joined: int = 60,
    ) -> None:
        self._dataset, self._components = dataset, components
        self._max_frames, self._max_rows = max_frames, max_rows
        self._num_draws, self._num_joined = num_draws, num_joined

    def pool(self, seed: int) -> Iterator[Batch]:
        """Yield a few batches that depend on `seed` and the dataset alone."""
        rng = np.random.default_rng(seed)
        items = self._dataset.items
        indices = rng.choice(len(items), min(_POOL * self._max_rows, len(items)), replace=False)
        joined = [self._dataset.joined(rng) for _ in range(self._num_joined)]
        chosen = [*(items[i] for i in indices), *joined]
        cast = Cast(self._dataset, self._components)
        groups = list(self._groups(sorted(chosen, key=lambda item: len(item.features))))
        for index in rng.permutation(len(groups)):
            yield self._batch(groups[index], cast, rng)

    def _groups(self, chosen: list[Item]) -> Iterator[list[Item]]:
        """Cut items, sorted by length, into groups that fill a batch."""
        group: list[Item] = []
        for item in chosen:
            frames = len(item.features) // SUBFRAMES
            if group and (len(group) + 1) * frames > self._max_frames:
                yield group
                group = []
            group.append(item)
            if len(group) == self._max_rows:
                yield group
                group = []
        if group:
            yield group

    def _batch(self, items: list[Item], cast: Cast, rng: np.random.Generator) -> Batch:
        reference_frames = _log_uniform(rng, _SHORTEST_REFERENCE, _LONGEST_REFERENCE)
        reference_frames -= reference_frames % PATCH_FRAMES
        analysed = reference_frames <= NUM_FRAMES and rng.random() < _ANALYSED
        examples, latents, references = [], [], []
        for item in items:
            if analysed:
                actor = cast.draw(item.voice, rng)
                speaker, heard = actor.speaker, _part(actor.reference, reference_frames, rng)
            else:
                speaker = self._dataset.speaker(item.voice, rng)
                features = self._dataset.reference(item.voice, reference_frames, rng, speaker)
                heard = self._pack(features)
            examples.append(self._dataset.example(item, rng, speaker))
            latents.append(self._pack(examples[-1].features))
            references.append(heard)
        start, stop = _window(max(map(len, latents)), rng)
        denied = np.array([[_TEXT_DENIED], [_SPEAKER_DENIED]])
        given = torch.from_numpy(rng.random((2, self._num_draws * len(items))) >= denied)
        text, text_mask = padded([example.item.tokens for example in examples])
        earlier = _windows(latents, 0, start)
        earlier += _EARLIER_NOISE * rng.random() * rng.standard_normal(earlier.shape)
        spelled = [_sounds(example.item) for example in examples]
        return Batch(
            latents=_float(_windows(latents, start, stop)),
            given=Conditions(
                text=text,
                text_mask=text_mask,
                text_given=given[0],
                speaker=_float(np.stack(references)),
                speaker_given=given[1],
                earlier=_float(earlier),
            ),
            start=start,
            num_frames=torch.tensor([min(max(len(x) - start, 0), stop - start) for x in latents]),
            positions=_float(np.stack([_positions(x, start, stop) for x in examples])),
            phones=torch.from_numpy(np.stack([_phones(x, start, stop) for x in examples])),
            spelled=padded(spelled)[0],
            spelled_lengths=torch.tensor([len(x) for x in spelled]),
        )

    def _pack(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._components.pack(features.astype(np.float64)).astype(np.float32)


def _part(
    reference: NDArray[np.float32], num_frames: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    start = int(rng.integers(len(reference) - num_frames + 1))
    return reference[start : start + num_frames]


def _window(longest: int, rng: np.random.Generator) -> tuple[int, int]:
    """Choose the frames to draw: mostly all, with some silence after; else a streamed block."""
    whole = longest + _log_uniform(rng, 4, _MAX_TAIL)
    whole = min(whole, MAX_FRAMES)
    if rng.random() >= _BLOCKWISE:
        return 0, whole
    if rng.random() < 0.3:  # anywhere: the engine may be told of other blocks
        start = PATCH_FRAMES * int(rng.integers(1, max(longest // PATCH_FRAMES, 2)))
        return start, max(whole, start + PATCH_FRAMES)
    blocks = [block for block in _BLOCKS if block[0] < longest]
    start, stop = blocks[int(rng.integers(len(blocks)))]
    return start, min(stop, whole)


def _log_uniform(rng: np.random.Generator, low: int, high: int) -> int:
    return round(float(np.exp(rng.uniform(np.log(low), np.log(high)))))


def _windows(rows: _Rows, start: int, stop: int) -> Floats:
    """Return frames `start` to `stop` of each row, silence after its end: (B, S, latent_dim)."""
    out = np.zeros((len(rows), stop - start, rows[0].shape[1]))
    for i, row in enumerate(rows):
        part = row[start:stop]
        out[i, : len(part)] = part
    return out


def _float(array: Floats) -> Tensor:
    return torch.from_numpy(array.astype(np.float32))


def padded(rows: Sequence[NDArray[np.integer]]) -> tuple[Tensor, Tensor]:
    """Return rows side by side, zeros after the shorter ones, and a mask of what is theirs."""
    out = np.zeros((len(rows), max(map(len, rows))), np.int64)
    for i, row in enumerate(rows):
        out[i, : len(row)] = row
    lengths = np.array([len(row) for row in rows])
    return torch.from_numpy(out), torch.from_numpy(np.arange(out.shape[1]) < lengths[:, None])


def _positions(example: Example, start: int, stop: int) -> Floats:
    """Return the token, fractional, that each frame is spoken from."""
    first, last, begins, ends = example.item.spans.T.astype(np.float64)
    times = np.stack([begins, ends], axis=1).ravel()
    tokens = np.stack([first - 0.5, last + 0.5], axis=1).ravel()
    return np.asarray(np.interp(np.arange(start, stop) + 0.5, times, tokens))


def _phones(example: Example, start: int, stop: int) -> NDArray[np.int64]:
    """Return each frame's sound, silence at the end of the speech, -1 after it."""
    frames = np.arange(start, stop) + 0.5
    phones = np.append(example.item.phones, SILENCE_INDEX).astype(np.int64)
    sounds = phones[np.searchsorted(example.item.phone_ends, frames)]
    return np.where(frames < len(example.features) / SUBFRAMES, sounds, -1)


def _sounds(item: Item) -> NDArray[np.int8]:
    return np.asarray(item.phones[item.phones != SILENCE_INDEX])
