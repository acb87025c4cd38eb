"""Between 44.1 and 22.05 kHz: a half-band filter, a windowed sinc."""

from __future__ import annotations

import numpy as np

from engine.echo.codecs.source_filter.features import Floats

REACH = 31
"""Samples at the higher rate that the filter looks to either side."""


def _filter() -> Floats:
    n = np.arange(-REACH, REACH + 1)
    taps = np.sinc(n / 2) * np.kaiser(len(n), 7.0)
    return np.asarray(taps / taps.sum())


TAPS = _filter()


def halve(audio: Floats) -> Floats:
    """Return every other sample of low-passed `audio` (2 n,): (n,)."""
    padded = np.pad(audio, REACH)
    return np.asarray(np.convolve(padded, TAPS, "valid")[::2])


def double(audio: Floats) -> Floats:
    """Return `audio` (n,) at twice the rate where the filter sees only given samples.

    The 2 n - 2 REACH samples begin REACH samples, at the higher rate, after the first given one.
    """
    spread = np.zeros(2 * len(audio))
    spread[::2] = audio
    return np.asarray(np.convolve(spread, 2 * TAPS, "valid"))
