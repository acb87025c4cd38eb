"""Measurements of reference audio: levels, clipping, the extent and the loudness of speech.

Signal processing only; `report` judges the numbers. Speech is whatever rises above the background,
so music passes for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from speech.loudness import measure_loudness
from speech.pcm import PCM, SAMPLE_RATE_HZ

SILENCE_DBFS = -96.0
"""The lowest level reported: that of the last bit of 16."""

_FRAME_SAMPLES = 1024  # 23 ms: a few periods of a deep voice, less than a consonant
_BIN_HZ = SAMPLE_RATE_HZ / _FRAME_SAMPLES
_FRAMES_PER_BLOCK = 1024
_LOWEST_HZ = 80.0  # rumble and hum below are neither speech nor heard as noise
_MIN_RISE_DB = 6.0  # of speech over the background; stationary noise itself varies by less than 1
_RISE_SHARE = 0.35  # a frame is speech from this part of the way between background and speech on
_MAX_FALL_DB = 30.0  # but not where it is so far below the speech
_MIN_BURST_S = 0.07  # shorter is a click
_MIN_PAUSE_S = 0.25  # shorter is a closed mouth inside a word
_AUDIBLE_DB = 65.0  # a frequency this far below the strongest one is empty

_TOP, _BASE = 0.9, 0.6  # of a peak's height
_MIN_FLATNESS = 0.7  # of clipped peaks; smooth ones have sqrt(0.1 / 0.4) = 0.5
_MIN_BASE_SAMPLES = 8  # a narrower peak holds too few samples to tell its shape
_MIN_RELATIVE_HEIGHT = 0.5  # of the highest peak; what is softer was not clipped
_TINY = 1e-9

_Floats = NDArray[np.float64]
_Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class VoiceMeasurement:
    """The numbers of one recording; levels in dB of full scale (dBFS).

    Attributes:
        loudness_lufs: Integrated loudness (EBU R 128); None below its gate or 0.4 s.
        loudness_range_lu: How much the loudness varies (EBU Tech 3342); None below 4 s.
        num_clipped: Number of peaks with a flat top.
        speech_s: Length of all speech, short pauses included.
        duration_s: Length of the recording.
        peak_dbfs: Level of the highest sample.
        lead_s: Time before the first speech.
        tail_s: Time after the last speech.
        longest_pause_s: Longest pause in the speech.
        speech_dbfs: Mean level of the speech; None without any.
        noise_dbfs: Level of the background.
        bandwidth_hz: Highest frequency with audible energy.
    """

    duration_s: float
    peak_dbfs: float
    loudness_lufs: float | None
    loudness_range_lu: float | None
    num_clipped: int
    speech_s: float
    lead_s: float
    tail_s: float
    longest_pause_s: float
    speech_dbfs: float | None
    noise_dbfs: float
    bandwidth_hz: float

    @property
    def speech_ratio(self) -> float:
        """Part of the recording that is speech."""
        return self.speech_s / self.duration_s

    @property
    def snr_db(self) -> float | None:
        """Signal-to-noise ratio: how far the speech stands above the background."""
        return None if self.speech_dbfs is None else self.speech_dbfs - self.noise_dbfs


def measure_voice(pcm: PCM) -> VoiceMeasurement:
    """Measure reference audio of at least one sample."""
    power = _power_spectra(pcm)
    frequencies_hz: _Floats = _BIN_HZ * np.arange(power.shape[1], dtype=np.float64)
    frame_s = _FRAME_SAMPLES / SAMPLE_RATE_HZ
    loudness = measure_loudness(pcm)
    power[:, frequencies_hz < _LOWEST_HZ] = 0
    frame_power: _Floats = power.sum(axis=1, dtype=np.float64)
    is_speech = find_speech(_decibels(frame_power))
    runs = [(start, stop) for start, stop, value in _runs(is_speech) if value]
    duration_s = len(pcm) / SAMPLE_RATE_HZ
    return VoiceMeasurement(
        duration_s=duration_s,
        peak_dbfs=float(_decibels(np.max(np.abs(pcm)).astype(np.float64) ** 2)),
        loudness_lufs=loudness.lufs,
        loudness_range_lu=loudness.range_lu,
        num_clipped=count_clipped(pcm),
        speech_s=min(duration_s, float(is_speech.sum()) * frame_s),
        lead_s=runs[0][0] * frame_s if runs else duration_s,
        tail_s=max(0.0, duration_s - runs[-1][1] * frame_s) if runs else duration_s,
        longest_pause_s=max(
            ((after[0] - before[1]) * frame_s for before, after in pairwise(runs)), default=0.0
        ),
        speech_dbfs=float(_decibels(frame_power[is_speech].mean())) if runs else None,
        noise_dbfs=_noise_dbfs(frame_power, is_speech),
        bandwidth_hz=_bandwidth_hz(power[is_speech] if runs else power),
    )


def find_speech(levels_db: _Floats) -> _Flags:
    """Tell of each frame whether it is speech, from the frames' levels alone.

    The threshold lies between the background's level and that of what is loud, weighted by energy;
    then clicks are left out and the short pauses inside words are filled.
    """
    background = float(np.percentile(levels_db, 5))
    power = 10 ** (levels_db / 10)
    loud = float(_decibels(np.sum(power**2) / np.sum(power)))
    if loud - background < _MIN_RISE_DB:
        return np.zeros(len(levels_db), np.bool_)
    threshold = max(loud - _MAX_FALL_DB, background + _RISE_SHARE * (loud - background))
    is_speech: _Flags = levels_db > threshold
    _turn_short_runs(is_speech, True, _MIN_BURST_S)
    _turn_short_runs(is_speech, False, _MIN_PAUSE_S)
    return is_speech


def count_clipped(pcm: PCM) -> int:
    """Count the loud peaks with a flat top, at whatever level they were cut.

    A smooth peak is a parabola: it is above 0.9 of its height for half the time that it is above
    0.6. A clipped one stays up for longer, and still does after resampling and lossy coding, which
    make its top uneven.
    """
    level = np.abs(pcm)
    starts = np.flatnonzero(np.diff(pcm > 0, prepend=pcm[0] <= 0))  # a peak goes from zero to zero
    heights = np.maximum.reduceat(level, starts)
    relative = level / np.repeat(np.maximum(heights, _TINY), np.diff(starts, append=len(pcm)))
    top_widths = np.add.reduceat(relative >= _TOP, starts, dtype=np.int64)
    base_widths = np.add.reduceat(relative >= _BASE, starts, dtype=np.int64)
    is_loud = heights >= max(_MIN_RELATIVE_HEIGHT * heights.max(), _TINY)
    is_flat = (base_widths >= _MIN_BASE_SAMPLES) & (top_widths >= _MIN_FLATNESS * base_widths)
    is_flat[[0, -1]] = False  # half a peak, cut off by the recording's start or end, looks flat
    return int((is_loud & is_flat).sum())


def _power_spectra(pcm: PCM) -> NDArray[np.float32]:
    """Return each frame's power by frequency, shape (num_frames, 513); a row sums to its power."""
    num_frames = -(-len(pcm) // _FRAME_SAMPLES)
    frames = np.zeros((num_frames, _FRAME_SAMPLES), np.float32)
    frames.reshape(-1)[: len(pcm)] = pcm
    window = np.hanning(_FRAME_SAMPLES).astype(np.float32)
    scale = np.float32(2 / (_FRAME_SAMPLES * np.sum(window.astype(np.float64) ** 2)))
    spectra = np.empty((num_frames, _FRAME_SAMPLES // 2 + 1), np.float32)
    for start in range(0, num_frames, _FRAMES_PER_BLOCK):  # transforms of it all take a gigabyte
        block = np.fft.rfft(frames[start : start + _FRAMES_PER_BLOCK] * window)
        spectra[start : start + _FRAMES_PER_BLOCK] = scale * np.abs(block) ** 2
    return spectra


def _noise_dbfs(frame_power: _Floats, is_speech: _Flags) -> float:
    """Return the background's level: the median of the pauses, or the least of unbroken speech."""
    pauses = frame_power[~is_speech]
    return float(_decibels(np.median(pauses) if len(pauses) else frame_power.min()))


def _bandwidth_hz(power: NDArray[np.float32]) -> float:
    """Return the highest frequency that is not empty in the mean of the spectra."""
    mean = power.mean(axis=0, dtype=np.float64)
    (audible,) = np.nonzero(mean >= mean.max() * 10 ** (-_AUDIBLE_DB / 10))
    return float(audible[-1] * _BIN_HZ)


def _turn_short_runs(flags: _Flags, value: bool, shortest_s: float) -> None:
    """Turn over the runs of `value` that are shorter, silence at an end of the recording aside."""
    shortest_frames = shortest_s * SAMPLE_RATE_HZ / _FRAME_SAMPLES
    for start, stop, held in _runs(flags):
        inside = value or (start > 0 and stop < len(flags))
        if held is value and inside and stop - start < shortest_frames:
            flags[start:stop] = not value


def _runs(flags: _Flags) -> list[tuple[int, int, bool]]:
    """Return the runs of equal flags as (start, stop, flag)."""
    edges = [0, *(np.flatnonzero(np.diff(flags)) + 1).tolist(), len(flags)]
    return [(start, stop, bool(flags[start])) for start, stop in pairwise(edges)]


def _decibels(power: _Floats | np.float64) -> _Floats:
    """Return the level of `power`, at least `SILENCE_DBFS`."""
    decibels: _Floats = 10 * np.log10(np.maximum(power, 10 ** (SILENCE_DBFS / 10)))
    return decibels
