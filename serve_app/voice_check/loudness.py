"""The perceived loudness of a recording and its range, from power spectra.

Source: ITU-R BS.1770-4 (K-weighting, gating) and EBU Tech 3342 (loudness range). The filters are
applied to the spectra instead of the samples: for speech, the error is below 0.3 LU.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

_FILTERS = (  # (numerator, denominator) at 48 kHz: the head's shelf, then the high pass
    (
        (1.53512485958697, -2.69169618940638, 1.19839281085285),
        (1.0, -1.69065929318241, 0.73248077421585),
    ),
    ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
)
_FILTER_RATE_HZ = 48_000
_OFFSET_LU = -0.691

_MOMENT_S = 0.4
_SHORT_TERM_S = 3.0
_SILENCE_LUFS = -70.0
_LOUDNESS_GATE_LU = -10.0
_RANGE_GATE_LU = -20.0
_RANGE_PERCENTILES = (10, 95)

_Floats = NDArray[np.float64]


class Loudness(NamedTuple):
    """The integrated loudness in LUFS and its range in LU.

    The loudness is None below -70 LUFS or 0.4 s, the range also below 3 s.
    """

    lufs: float | None
    range_lu: float | None


def measure_loudness(
    power: NDArray[np.float32], frequencies_hz: _Floats, frame_s: float
) -> Loudness:
    """Return the loudness of mono audio.

    Args:
        power: The power of each frame by frequency, shape (num_frames, num_frequencies); a row
            adds up to the mean square of the frame's samples.
        frequencies_hz: The frequency of each column.
        frame_s: The time from one frame to the next.
    """
    weighted = power @ _k_weights(frequencies_hz).astype(np.float32)
    moments = _gated(_means(weighted, _MOMENT_S / frame_s), _LOUDNESS_GATE_LU)
    short_terms = _gated(_means(weighted, _SHORT_TERM_S / frame_s), _RANGE_GATE_LU)
    lufs = float(_lufs(moments.mean())) if len(moments) else None
    if lufs is None or not len(short_terms):
        return Loudness(lufs, None)
    low, high = np.percentile(_lufs(short_terms), _RANGE_PERCENTILES)
    return Loudness(lufs, float(high - low))


def _k_weights(frequencies_hz: _Floats) -> _Floats:
    """Return the filters' power gain at each frequency."""
    z = np.exp(2j * np.pi * frequencies_hz / _FILTER_RATE_HZ)
    gain = np.ones(len(z))
    for numerator, denominator in _FILTERS:
        gain *= np.abs(np.polyval(numerator, z) / np.polyval(denominator, z)) ** 2
    return gain


def _means(power: NDArray[np.float32], window_frames: float) -> _Floats:
    """Return the mean over each window of so many frames, none if a window is longer than all."""
    length = round(window_frames)
    if len(power) < length:
        return np.empty(0)
    means: _Floats = sliding_window_view(power, length).mean(axis=1, dtype=np.float64)
    return means


def _gated(power: _Floats, gate_lu: float) -> _Floats:
    """Return the values above silence, and of those the ones above `gate_lu` from their mean."""
    power = power[_lufs(power) > _SILENCE_LUFS]
    if len(power):
        power = power[_lufs(power) > _lufs(power.mean()) + gate_lu]
    return power


def _lufs(power: _Floats | np.floating) -> _Floats:
    decibels: _Floats = _OFFSET_LU + 10 * np.log10(np.maximum(power, 1e-20))
    return decibels
