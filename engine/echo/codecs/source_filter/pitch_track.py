"""Pitch and voicing over time: normalised cross-correlation, then the smoothest path through it.

Source: D. Talkin, "A robust algorithm for pitch tracking (RAPT)", 1995.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from engine.echo.codecs.source_filter.features import (
    MAX_PITCH_HZ,
    MIN_PITCH_HZ,
    PITCH_UNIT_HZ,
    RATE_HZ,
    Floats,
    centres,
)

_RATE_HZ = RATE_HZ // 2  # enough: the first formants carry the pitch
_LOW_PASS = np.array([0.05, 0.12, 0.2, 0.26, 0.2, 0.12, 0.05])
_WINDOW = 400  # 36 ms
_FFT = 1024  # holds a window and the longest lag
_MIN_LAG = int(_RATE_HZ / MAX_PITCH_HZ)
_MAX_LAG = int(_RATE_HZ / MIN_PITCH_HZ) + 2
_LAGS = np.arange(_MIN_LAG, _MAX_LAG)
_OCTAVE_COST = 0.1  # per octave down: two periods fit a signal as well as one
_JUMP_COST, _MAX_JUMP_COST = 4.0, 0.8  # per octave from one sub-frame to the next
_NOISE_POWER = 1e-6  # what is weaker correlates with nothing
_UNVOICED, _VOICED = 0.35, 0.8  # correlations that count as voicing 0 and 1
_TRUSTED = 0.3  # voicing above which the pitch is taken from the path
_CHUNK = 4096  # sub-frames correlated at once: 40 MB


def track(audio: Floats, num_subframes: int) -> tuple[Floats, Floats]:
    """Return log2 pitch over PITCH_UNIT_HZ and voicing, (num_subframes,) each, of `audio`.

    Where nothing is voiced the pitch goes straight from one voiced part to the next.
    """
    correlation = np.concatenate(
        [
            _correlation(audio, centres(min(_CHUNK, num_subframes - start), start))
            for start in range(0, num_subframes, _CHUNK)
        ]
    )
    path = _smoothest(correlation - _OCTAVE_COST * np.log2(_LAGS / _MIN_LAG))
    rows = np.arange(num_subframes)
    voicing = np.clip((correlation[rows, path] - _UNVOICED) / (_VOICED - _UNVOICED), 0.0, 1.0)
    pitch = np.log2(_RATE_HZ / _refined(correlation, path) / PITCH_UNIT_HZ)
    trusted = np.flatnonzero(voicing > _TRUSTED)
    if not len(trusted):
        return np.zeros(num_subframes), voicing
    return np.interp(rows, trusted, pitch[trusted]), voicing


def _correlation(audio: Floats, middles: NDArray[np.int64]) -> Floats:
    """Return each window's correlation with itself one lag later, (sub-frames, lags)."""
    size = _WINDOW + _MAX_LAG
    # Only what these windows see is filtered.
    first, last = int(middles[0]) - 2 * size, int(middles[-1]) + 2 * size
    part = np.pad(audio[max(first, 0) : last], (max(-first, 0), max(0, last - len(audio))))
    low = np.convolve(part, _LOW_PASS, "same")[::2]
    starts = (middles - first) // 2 - _WINDOW // 2
    frames = sliding_window_view(low, size)[starts].astype(np.float64)
    frames -= frames.mean(axis=1, keepdims=True)
    spectrum = np.conj(np.fft.rfft(frames[:, :_WINDOW], _FFT)) * np.fft.rfft(frames, _FFT)
    products = np.fft.irfft(spectrum, _FFT)[:, _LAGS]
    energy = np.cumsum(np.pad(frames**2, ((0, 0), (1, 0))), axis=1)
    own = energy[:, _WINDOW, None]
    later = energy[:, _LAGS + _WINDOW] - energy[:, _LAGS]
    return np.asarray(products / (np.sqrt(own * later) + _NOISE_POWER * _WINDOW))


def _smoothest(scores: Floats) -> NDArray[np.int64]:
    """Return the lag index per sub-frame of the best path through `scores` (Viterbi)."""
    octaves = np.log2(_LAGS)
    jump = np.minimum(_JUMP_COST * np.abs(octaves[:, None] - octaves), _MAX_JUMP_COST)
    jump = jump.astype(np.float32)
    steps = scores.astype(np.float32)
    best = steps[0]
    came_from = np.empty(steps.shape, np.int16)
    for i in range(1, len(steps)):
        reached = best - jump
        came_from[i] = reached.argmax(axis=1)
        best = np.take_along_axis(reached, came_from[i, :, None].astype(np.intp), 1)[:, 0]
        best = best + steps[i]
    path = np.empty(len(steps), np.int64)
    path[-1] = best.argmax()
    for i in range(len(steps) - 1, 0, -1):
        path[i - 1] = came_from[i, path[i]]
    return path


def _refined(correlation: Floats, path: NDArray[np.int64]) -> Floats:
    """Return the lags of `path`, each moved to the top of the parabola through its neighbours."""
    rows, middle = np.arange(len(path)), np.clip(path, 1, len(_LAGS) - 2)
    before, at, after = (correlation[rows, middle + offset] for offset in (-1, 0, 1))
    bend = np.minimum(before - 2 * at + after, -1e-9)
    return np.asarray(_LAGS[middle] + np.clip(0.5 * (before - after) / bend, -0.5, 0.5))
