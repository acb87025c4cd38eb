"""One clock for all voices: how long a sound lasts follows from the sounds around it.

Flite's voices each have a rhythm of their own. When a word comes would then be a guess until much
of it is drawn, and a small model that has to guess blurs what it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.echo.codecs.source_filter.features import SUBFRAMES, Floats
from training.shards import PHONES, SILENCE_INDEX, Item, Precision

_REACH = 2  # sounds before and after that count
_RIDGE = 1.0
_SHORTEST_FRAMES = 0.1
_MAX_ITEMS = 2000  # to learn from: plenty


class Rhythm:
    """Gives every sound the length it has on average, over voices, in like surroundings.

    Args:
        items: What to learn it from: a linear model of the logarithm of a sound's length in latent
            frames, given which sounds are around it.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        surroundings, lengths = [], []
        for item in items[:: -(-len(items) // _MAX_ITEMS)]:
            lead = _num_leading(item)
            surroundings.append(_surroundings(item.phones)[lead:])
            lengths.append(np.diff(item.phone_ends, prepend=0)[lead:].clip(_SHORTEST_FRAMES))
        x, y = np.concatenate(surroundings), np.concatenate(lengths)
        squares = x.T @ x + _RIDGE * np.eye(x.shape[1])
        self._weights = np.linalg.solve(squares, x.T @ np.log(y))
        self._pace = y.sum() / np.exp(x @ self._weights).sum()  # as fast as before, on the whole

    def retimed(self, item: Item) -> Item:
        """Return `item` in this rhythm; the silence before and after it stays as long as it is."""
        lead, total = _num_leading(item), len(item.features) / SUBFRAMES
        lengths = self._pace * np.exp(_surroundings(item.phones) @ self._weights)
        lengths[:lead] = item.phone_ends[:lead]
        ends = np.cumsum(lengths)
        was = np.array([0, *item.phone_ends, total])
        becomes = np.array([0, *ends, ends[-1] + total - item.phone_ends[-1]])
        times = (np.arange(round(becomes[-1] * SUBFRAMES)) + 0.5) / SUBFRAMES
        spans = item.spans.copy()
        spans[:, 2:] = np.interp(spans[:, 2:], was, becomes)
        return replace(
            item,
            features=_at(item.features, np.interp(times, becomes, was) * SUBFRAMES - 0.5),
            phone_ends=ends.astype(np.float32),
            spans=spans,
        )


def _num_leading(item: Item) -> int:
    """Return how many sounds come before the first that is heard."""
    return int(item.phones[0] == SILENCE_INDEX)


def _surroundings(phones: NDArray[np.int8]) -> Floats:
    """Return which sounds are where around each, (P, (2 _REACH + 1) len(PHONES)) of 0 and 1."""
    padded = np.pad(phones.astype(np.intp), _REACH, constant_values=SILENCE_INDEX)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _REACH + 1)
    return np.asarray(np.eye(len(PHONES))[windows].reshape(len(phones), -1))


def _at(features: NDArray[Precision], positions: Floats) -> NDArray[Precision]:
    """Return `features` (N, 26) at fractional `positions`, in their own precision."""
    positions = positions.clip(0, len(features) - 1)
    index = np.minimum(positions.astype(np.intp), len(features) - 2)
    rest = (positions - index)[:, None].astype(np.float32)
    before, after = (features[i].astype(np.float32) for i in (index, index + 1))
    return np.asarray(before + rest * (after - before)).astype(features.dtype)
