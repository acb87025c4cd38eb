"""The time at which each word of a text is said, from the transformer's own attention.

Some heads attend to the letters that are being spoken. Speech goes through a text from left to
right, so a hidden Markov model whose states are the bytes finds the path through their attention;
the expected time at which the path passes a byte is finer than a frame.

Source: L. R. Rabiner, "A tutorial on hidden Markov models", 1989, the forward-backward algorithm.
It is dynamic time warping with all paths weighed instead of the best one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Span = tuple[int, int]
"""First byte of a word, and the one after its last."""

SKIP_COST = 2.0
"""Nats for each byte that is passed over: silent letters, and text that was left unsaid."""
MAX_ROOM_FRAMES = 0.5
"""Frames at either side of a word that count as its own. Heads attend to a space for a little while
even where one word runs into the next; the rest of a pause belongs to no word."""
SETTLED_FRAMES = 4
"""Frames that have to follow a word before its times are certain."""


def evidence(log_probs: Floats) -> Floats:
    """Return how well heads follow a text, in nats per frame: 0 is best.

    High only for a head that attends to one byte at a time and goes through all in order.

    Args:
        log_probs: (..., frames, bytes), of each frame's attention to each byte.
    """
    num_frames, num_bytes = log_probs.shape[-2:]
    paths = _forward(log_probs)[..., -1, :] - SKIP_COST * np.arange(num_bytes)[::-1]
    return np.asarray(np.logaddexp.reduce(paths, axis=-1) / num_frames)


def word_frames(
    log_probs: Floats, spans: Sequence[Span], complete: bool
) -> list[tuple[float, float]]:
    """Return the first and last frame of each word, fractional, in order, without overlap.

    Args:
        log_probs: (frames, bytes), of each frame's attention to each byte.
        spans: The bytes of each word; in order, without overlap.
        complete: Whether the frames are all there will be. If not, only words that are certain
            are returned: the first few of `spans`.
    """
    num_frames = len(log_probs)
    if not num_frames or not spans:
        return [(0.0, 0.0)] * len(spans) if complete else []
    times = _frames_before(log_probs, complete)[np.array(spans)]
    gaps = np.diff(np.concatenate([[0.0], times.ravel(), [num_frames]]))[::2]
    room = np.minimum(gaps / 2, MAX_ROOM_FRAMES)
    starts, ends = times[:, 0] - room[:-1], times[:, 1] + room[1:]
    certain = len(spans)
    if not complete:
        certain = int((ends <= num_frames - SETTLED_FRAMES).sum())
    return [(float(start), float(end)) for start, end in zip(starts, ends, strict=True)][:certain]


def _frames_before(log_probs: Floats, complete: bool) -> Floats:
    """Return the expected number of frames before each byte, and before the end: (bytes + 1,)."""
    ahead = _forward(log_probs)
    weights = ahead + _backward(log_probs, complete)
    weights = np.exp(weights - weights.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    return np.concatenate([[0.0], weights.sum(axis=0).cumsum()])


def _forward(log_probs: Floats) -> Floats:
    """Return the log weight of all paths up to and including each frame and byte."""
    cost = SKIP_COST * np.arange(log_probs.shape[-1])
    weights = np.empty_like(log_probs)
    weights[..., 0, :] = log_probs[..., 0, :] - cost
    for i in range(1, log_probs.shape[-2]):
        stay = weights[..., i - 1, :]
        advance = np.logaddexp.accumulate(stay + cost, axis=-1)[..., :-1] - cost[:-1]
        weights[..., i, :] = stay
        weights[..., i, 1:] = np.logaddexp(stay[..., 1:], advance)
        weights[..., i, :] += log_probs[..., i, :]
    return weights


def _backward(log_probs: Floats, complete: bool) -> Floats:
    """Return the log weight of all paths on from each frame and byte, without its own."""
    num_frames, num_bytes = log_probs.shape
    cost = SKIP_COST * np.arange(num_bytes)
    weights = np.zeros_like(log_probs)
    if complete:
        weights[-1] = -cost[::-1]
    for i in reversed(range(num_frames - 1)):
        stay = weights[i + 1] + log_probs[i + 1]
        advance = np.logaddexp.accumulate((stay - cost)[::-1])[::-1][1:] + cost[1:]
        weights[i] = stay
        weights[i, :-1] = np.logaddexp(stay[:-1], advance)
    return weights
