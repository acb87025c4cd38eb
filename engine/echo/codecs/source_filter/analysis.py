"""Audio to features."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from engine.echo.codecs.source_filter.features import (
    BAND_HZ,
    COSINES,
    PITCH_UNIT_HZ,
    POWER_FLOOR,
    RATE_HZ,
    Features,
    Floats,
    centres,
    interpolated,
)
from engine.echo.codecs.source_filter.pitch_track import track

_WINDOW = 768  # 35 ms
_FFT = 1024
_HANN = np.hanning(_WINDOW + 1)[:-1]
_MIN_WIDTH_HZ = 80.0
_CHUNK = 4096  # sub-frames at once: bounds the memory that five minutes take


def analyse(audio: Floats, num_subframes: int) -> Features:
    """Return the features of `audio`, (num_samples,) at RATE_HZ; silence follows its end."""
    pitch, voicing = track(audio, num_subframes)
    widths = np.maximum(PITCH_UNIT_HZ * 2**pitch, _MIN_WIDTH_HZ)
    starts = range(0, num_subframes, _CHUNK)
    cepstra = [_cepstra(audio, widths[start : start + _CHUNK], start) for start in starts]
    return np.column_stack([np.concatenate(cepstra), pitch, voicing])


def _cepstra(audio: Floats, widths_hz: Floats, first: int) -> Floats:
    """Return the cepstra of sub-frames from number `first` on, one for each of `widths_hz`."""
    starts = centres(len(widths_hz), first) - _WINDOW // 2
    begin, end = int(starts[0]), int(starts[-1]) + _WINDOW
    part = np.pad(audio[max(begin, 0) : end], (max(-begin, 0), max(0, end - len(audio))))
    part = part[: end - begin]
    frames = sliding_window_view(part, _WINDOW)[starts - begin] * _HANN
    power = np.abs(np.fft.rfft(frames, _FFT)) ** 2 / (_HANN**2).sum()
    return np.asarray(np.log(_smoothed(power, widths_hz) + POWER_FLOOR) @ COSINES.T)


def _smoothed(power: Floats, widths_hz: Floats) -> Floats:
    """Return the mean power (frames, bands) around each band, one pitch wide: no harmonics."""
    bin_hz = RATE_HZ / _FFT
    num_bins = power.shape[1]
    total = np.cumsum(np.pad(power, ((0, 0), (1, 1))), axis=1)
    middle, half = BAND_HZ / bin_hz + 0.5, widths_hz[:, None] / bin_hz / 2
    low, high = np.maximum(middle - half, 0.0), np.minimum(middle + half, num_bins)
    return np.asarray((interpolated(total, high) - interpolated(total, low)) / (high - low))
