"""The median pitch of a recording.

Frames spread over the whole recording are judged one by one by the normalised autocorrelation of
a windowed signal; the work is the same for ten seconds and for five minutes.
Source: P. Boersma, "Accurate short-term analysis of the fundamental frequency", 1993; the second
pass within the speaker's own range follows C. De Looze and D. Hirst, 2008.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from speech.pcm import PCM

MIN_HZ = 50.0
MAX_HZ = 500.0

_FRAME_S = 0.07  # more than three periods of MIN_HZ
_HOP_S = 0.01
_MAX_FRAMES = 600
_MIN_VOICED_FRAMES = 5
_BANDWIDTH_HZ = 2700.0  # first formants; above it breath and noise only blur the peak
_MIN_STRENGTH = 0.55  # of the peak, where 1 is strictly periodic
_MIN_RELATIVE_RMS = 0.05
_MIN_RMS = 1e-4
_OCTAVE_COST = 0.02  # per octave down: two periods fit a signal as well as one

_Floats = NDArray[np.float64]


def median_pitch_hz(samples: PCM, sample_rate: int) -> float | None:
    """Return the median fundamental frequency of the voiced frames, None where nothing is voiced.

    Frequencies from `MIN_HZ` to `MAX_HZ` are found.
    """
    frames = _loud_frames(samples, sample_rate)
    if len(frames) < _MIN_VOICED_FRAMES:
        return None
    correlation, lag_rate = _normalised_autocorrelation(frames, sample_rate)
    pitches = _voiced_pitches(correlation, lag_rate, MIN_HZ, MAX_HZ)
    if len(pitches) < _MIN_VOICED_FRAMES:
        return None
    low, high = np.quantile(pitches, (0.25, 0.75))
    own_range = max(MIN_HZ, 0.7 * low), min(MAX_HZ, 1.5 * high)
    pitches = _voiced_pitches(correlation, lag_rate, *own_range)
    return float(np.median(pitches)) if len(pitches) >= _MIN_VOICED_FRAMES else None


def _loud_frames(samples: PCM, sample_rate: int) -> _Floats:
    """Cut at most `_MAX_FRAMES` frames, evenly spread, and keep those that are not pauses."""
    length = round(_FRAME_S * sample_rate)
    if len(samples) < length:
        return np.empty((0, length))
    last_start = len(samples) - length
    num_frames = min(_MAX_FRAMES, 1 + int(last_start / (_HOP_S * sample_rate)))
    starts = np.linspace(0, last_start, num_frames).astype(int)
    frames: _Floats = sliding_window_view(samples, length)[starts].astype(np.float64)
    frames -= frames.mean(axis=1, keepdims=True)
    rms: _Floats = np.sqrt(np.mean(frames**2, axis=1))
    loud: _Floats = frames[rms > max(_MIN_RMS, _MIN_RELATIVE_RMS * rms.max())]
    return loud


def _normalised_autocorrelation(frames: _Floats, sample_rate: int) -> tuple[_Floats, float]:
    """Return each frame's autocorrelation divided by that of the window, and lags per second."""
    length = frames.shape[1]
    window = np.hanning(length)
    fft_size = 1 << (2 * length - 1).bit_length()
    num_bins = int(_BANDWIDTH_HZ / sample_rate * fft_size)
    # The inverse transform of the low bins alone is band-limited and decimated in one go.
    decimation = 1 << max(0, int(np.log2(sample_rate / (8 * _BANDWIDTH_HZ))))
    num_lags = fft_size // decimation

    def autocorrelation(signal: _Floats) -> _Floats:
        power = np.abs(np.fft.rfft(signal, fft_size)[..., :num_bins]) ** 2
        lags = np.fft.irfft(power, num_lags)
        relative: _Floats = lags / lags[..., :1]
        return relative

    lag_rate = sample_rate / decimation
    longest = int(lag_rate / MIN_HZ) + 4
    correlation = autocorrelation(frames * window)[:, :longest]
    normalised: _Floats = correlation / autocorrelation(window)[:longest]
    return normalised, lag_rate


def _voiced_pitches(correlation: _Floats, lag_rate: float, min_hz: float, max_hz: float) -> _Floats:
    """Return the pitch of every frame with a clear peak between `min_hz` and `max_hz`."""
    first = int(lag_rate / max_hz)
    stop = min(int(lag_rate / min_hz) + 3, correlation.shape[1] - 1)
    before, here, after = (correlation[:, first + shift : stop + shift] for shift in (-1, 0, 1))
    is_peak = (here > before) & (here >= after)
    # The summit of the parabola through three points: lags are whole samples, periods are not.
    slope, bend = (after - before) / 2, np.where(is_peak, 2 * here - before - after, 1.0)
    lags = np.arange(first, stop) + slope / bend
    strength = np.where(is_peak, here + slope**2 / (2 * bend), -np.inf)
    best = np.argmax(strength - _OCTAVE_COST * np.log2(np.arange(first, stop) / first), axis=1)
    frame = np.arange(len(best))
    voiced = strength[frame, best] > _MIN_STRENGTH
    pitches: _Floats = lag_rate / lags[frame, best][voiced]
    return pitches
