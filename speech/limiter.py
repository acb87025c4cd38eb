"""A true-peak limiter: turns audio down around each peak that would be too high, and only there.

FFmpeg's `alimiter` holds samples below a ceiling, not the peaks between them, which a player or a
change of rate brings out.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from speech.pcm import PCM

TRUE_PEAK_DB = -1.0
"""The highest true peak of published speech, in dB of full scale (EBU R 128)."""

_MARGIN_DB = 0.3  # for what turning down itself adds between the samples, and other meters
_METERS_RATE_HZ = 192_000  # four times 48 kHz, where meters look (ITU-R BS.1770-4, annex 2)
_REACH = 16  # samples on either side from which a value between two samples is interpolated
_BLOCK_S = 0.02
_LOOK_AHEAD_S = 0.003  # the time it takes to turn down
_RELEASE_S = 0.03  # in which all but 1/e of the reduction, in dB, is gone again
_MIN_REDUCTION_DB = 1e-4

_Floats = NDArray[np.float64]


class _Interpolator:
    """Finds the peaks between samples as closely as a meter does, whatever the rate.

    Args:
        sample_rate: The rate of the audio, in Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        steps = max(2, round(_METERS_RATE_HZ / sample_rate))
        fractions = np.arange(1, steps)[:, np.newaxis] / steps
        distances = np.arange(-_REACH + 1, _REACH + 1) - fractions
        window = np.sinc(distances) * np.cos(np.pi / 2 * distances / _REACH) ** 2
        self._filters = window.astype(np.float32)  # (steps - 1, 2 * _REACH)
        self.max_overshoot = float(np.abs(self._filters).sum(axis=1).max())
        """The most by which a value between samples exceeds the samples around it."""

    def peaks(self, pcm: PCM) -> _Floats:
        """Return the higher of each sample and the values up to the next, in size.

        The first and the last `_REACH` samples only tell what is between the others; of n samples,
        n + 1 - 2 * _REACH peaks come back.
        """
        values = [pcm[_REACH - 1 : len(pcm) - _REACH]]
        values += [np.correlate(pcm, filter_, mode="valid") for filter_ in self._filters]
        return np.asarray(np.abs(values).max(axis=0), np.float64)


_interpolator = cache(_Interpolator)
"""Returns the interpolator of a sample rate, made once."""


class Limiter:
    """Limits mono audio in pieces; what comes out does not depend on how they are cut.

    Audio whose peaks are below the ceiling passes through bit for bit.

    Args:
        sample_rate: The rate of the audio, in Hz.
        ceiling_db: The highest true peak, in dB of full scale.
    """

    def __init__(self, sample_rate: int, ceiling_db: float = TRUE_PEAK_DB) -> None:
        self._ceiling = 10 ** ((ceiling_db - _MARGIN_DB) / 20)
        self._interpolator = _interpolator(sample_rate)
        self._block = round(_BLOCK_S * sample_rate)
        self._look_ahead = max(1, round(_LOOK_AHEAD_S * sample_rate))
        ramp = np.hanning(self._look_ahead + 3)[1:-1]
        self._ramp = ramp / ramp.sum()
        self._release = np.exp(-np.arange(1, self._block + 1) / (_RELEASE_S * sample_rate))
        # Begins with what lies before the next sample to be given out.
        self._audio: PCM = np.zeros(_REACH, dtype=np.float32)
        self._gains: _Floats | None = None  # in dB, before the ramp, of the latest samples
        self._num_waiting = 0

    def process(self, pcm: PCM) -> PCM:
        """Take the next piece; return what is settled."""
        self._num_waiting += len(pcm)
        return self._limit(pcm)

    def finish(self) -> PCM:
        """Return all that is left."""
        num_left = self._num_waiting
        return self._limit(np.zeros(num_left + self._block + self._ahead, np.float32))[:num_left]

    @property
    def _ahead(self) -> int:
        """Samples that must be known beyond those that are given out."""
        return self._look_ahead + _REACH

    def _limit(self, pcm: PCM) -> PCM:
        audio = np.concatenate((self._audio, pcm))
        settled = [audio[:0]]
        start = 0
        while start + _REACH + self._block + self._ahead <= len(audio):
            stop = start + _REACH + self._block
            settled.append(self._limit_block(audio[start : stop + self._ahead]))
            start += self._block
        self._audio = audio[start:].copy()
        limited = np.concatenate(settled)
        self._num_waiting -= len(limited)
        return limited

    def _limit_block(self, audio: PCM) -> PCM:
        """Return a block of `audio`, which has `_REACH` samples before it and `_ahead` after."""
        block = audio[_REACH : _REACH + self._block]
        least = _running_min(self._needed_gains(audio), self._look_ahead + 1)
        before = np.full(self._look_ahead, least[0]) if self._gains is None else self._gains
        gains = np.concatenate((before, self._released(least, before[-1])))
        self._gains = gains[-self._look_ahead :]
        if not gains.any():
            return block
        smooth = np.convolve(gains, self._ramp, mode="valid")
        return (block * 10 ** (smooth / 20)).astype(np.float32)

    def _needed_gains(self, audio: PCM) -> _Floats:
        """Return the gain in dB that each sample of the block and the look-ahead may have."""
        if np.abs(audio).max() * self._interpolator.max_overshoot <= self._ceiling:
            return np.zeros(self._block + self._look_ahead)
        peaks = self._interpolator.peaks(audio)
        if peaks.max() <= self._ceiling:
            return np.zeros(self._block + self._look_ahead)
        peaks = np.maximum(peaks[:-1], peaks[1:])
        return np.asarray(np.minimum(0.0, 20 * np.log10(self._ceiling / np.maximum(peaks, 1e-9))))

    def _released(self, gains: _Floats, last: float) -> _Floats:
        """Return `gains`, after `last`, that rise no faster than the release."""
        if not (gains.any() or last):
            return gains
        least = np.minimum.accumulate(np.append(last, gains / self._release))[1:] * self._release
        return np.where(least > -_MIN_REDUCTION_DB, 0.0, least)


def limit(pcm: PCM, sample_rate: int, ceiling_db: float = TRUE_PEAK_DB) -> PCM:
    """Return all of `pcm`, limited."""
    limiter = Limiter(sample_rate, ceiling_db)
    return np.concatenate((limiter.process(pcm), limiter.finish()))


def true_peak_db(pcm: PCM, sample_rate: int) -> float:
    """Return the highest true peak in dB of full scale, at least -180."""
    peak = _interpolator(sample_rate).peaks(np.pad(pcm, _REACH)).max()
    return float(20 * np.log10(max(peak, 1e-9)))


def _running_min(values: _Floats, window: int) -> _Floats:
    """Return the least of each `window` values in a row."""
    reach = 1
    while 2 * reach <= window:
        values = np.minimum(values[:-reach], values[reach:])
        reach *= 2
    if reach < window:
        rest = window - reach
        values = np.minimum(values[:-rest], values[rest:])
    return values
