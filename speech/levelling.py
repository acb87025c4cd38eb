"""The level of one request's speech: even from chunk to chunk, and as loud as was asked for.

Models speak each chunk as loud as it comes out, so with one voice they lie some decibels apart
(decision 0026). Unless a loudness is asked for, the first chunk of a voice stays as it is. The
others are turned up or down as a whole: while one is drawn, the one before it plays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from speech.limiter import TRUE_PEAK_DB, limit, true_peak_db
from speech.loudness import MOMENT_S, measure_loudness
from speech.pcm import PCM, SAMPLE_RATE_HZ, is_silent
from speech.tempo import Tempo

_MAX_EVENING_DB = 18.0
"""The most by which a chunk is turned to another's loudness: what differs more is no speech."""
_MAX_GAIN_DB = 40.0
"""The most by which one is turned to a loudness that was asked for: recordings differ by 30 dB."""
_MAX_RIDE_DB = 2.0
"""The most by which the gain makes up for what has been played of a chunk: more could be heard."""
_MAX_CREST_DB = 20.0
"""The most by which peaks of speech lie above its loudness. Audio that has just begun to speak is
louder than it measures."""
_RIDE_S = 0.3
"""The time in which the gain of a chunk that plays changes."""
_MAX_SLOW_FALL_DB = 6.0
"""The most by which it falls in that time: what has been played was no speech if it falls by more,
and the speech would begin with a blast."""
_FAST_FALL_S = 0.02
_MAX_ERROR_LU = 0.05
_MAX_TRIES = 8
_MIN_STEP_DB = 0.01
_MIN_SLOPE = 0.3

_NOTHING: PCM = np.zeros(0, dtype=np.float32)


class LevelledChunk(Protocol):
    """A chunk on its way: its blocks go in and come out in order and with their lengths."""

    def feed(self, pcm: PCM) -> list[PCM]:
        """Take the next block; return the blocks that are ready."""

    def end(self) -> list[PCM]:
        """Say that the chunk is complete; return the rest of its blocks."""


class Leveller:
    """Levels the chunks of one request.

    Args:
        loudness: The loudness of every chunk, in LUFS; None for that of its voice's first one.
        peak_db: The highest true peak, in dB of full scale, of chunks whose loudness was asked for.
        stream: Whether the first chunk plays while the rest of it is drawn: its blocks come back at
            once, and its gain changes slowly, and by little, as more of it is known.
        speed: The change of tempo to come. A loudness that was asked for is that at this speed.
    """

    def __init__(
        self, loudness: float | None, peak_db: float, *, stream: bool, speed: float = 1.0
    ) -> None:
        self._loudness = loudness
        self._peak_db = peak_db
        self._stream = stream
        self._speed = speed
        self._num_chunks = 0
        self._first_chunks: dict[str | None, _FirstChunk] = {}

    def chunk(self, voice: str | None) -> LevelledChunk:
        """Return the next chunk, which `voice` speaks; the one before has ended.

        It takes milliseconds, as all calls do.
        """
        self._num_chunks += 1
        if self._loudness is None:
            first = self._first_chunks.get(voice)
            if first is not None and first.loudness is not None:
                peak_db = TRUE_PEAK_DB
                return _WholeChunk(first.loudness, peak_db, _MAX_EVENING_DB, keeps_peaks=True)
            self._first_chunks[voice] = _FirstChunk()
            return self._first_chunks[voice]
        if self._stream and self._num_chunks == 1:
            return _PlayingChunk(self._loudness, self._peak_db, self._speed)
        return _WholeChunk(
            self._loudness, self._peak_db, _MAX_GAIN_DB, keeps_peaks=False, speed=self._speed
        )


class _FirstChunk:
    """A chunk that stays as it is, and tells the others how loud to be."""

    def __init__(self) -> None:
        self._blocks: list[PCM] = []
        self._loudness: float | None = None

    @property
    def loudness(self) -> float | None:
        """The loudness in LUFS; None if it is silent. Measured when it is first asked for."""
        if self._blocks:
            pcm = np.concatenate(self._blocks)
            self._loudness = None if is_silent(pcm) else _loudness(pcm)
            self._blocks = []
        return self._loudness

    def feed(self, pcm: PCM) -> list[PCM]:
        self._blocks.append(pcm)
        return [pcm]

    def end(self) -> list[PCM]:
        return []


class _WholeChunk:
    """A chunk that is held until it is complete, and then turned to a loudness.

    Args:
        loudness: The loudness to reach, in LUFS.
        peak_db: The highest true peak, in dB of full scale.
        max_gain_db: The most that it is turned up or down.
        keeps_peaks: Whether peaks that were higher may be as high as they were.
        speed: The tempo at which it has the loudness.
    """

    def __init__(
        self,
        loudness: float,
        peak_db: float,
        max_gain_db: float,
        *,
        keeps_peaks: bool,
        speed: float = 1.0,
    ) -> None:
        self._loudness = loudness
        self._peak_db = peak_db
        self._max_gain_db = max_gain_db
        self._keeps_peaks = keeps_peaks
        self._speed = speed
        self._blocks: list[PCM] = []

    def feed(self, pcm: PCM) -> list[PCM]:
        self._blocks.append(pcm)
        return []

    def end(self) -> list[PCM]:
        pcm = np.concatenate((_NOTHING, *self._blocks))
        if is_silent(pcm):  # or its noise would be turned up
            return self._blocks
        peak_db = self._peak_db
        if self._keeps_peaks:
            peak_db = max(peak_db, true_peak_db(pcm, SAMPLE_RATE_HZ))

        heard = _at_speed(pcm, self._speed)

        def turn(pcm: PCM, gain_db: float) -> PCM:
            return limit(_gained(pcm, gain_db), SAMPLE_RATE_HZ, peak_db)

        @lru_cache(maxsize=1)  # the last gain that is tried is the best, as a rule
        def turned(gain_db: float) -> PCM:
            return turn(heard, gain_db)

        bounds = (-self._max_gain_db, self._max_gain_db)
        gain_db = _find_gain(turned, self._loudness, 0.0, bounds)
        levelled = turned(gain_db) if heard is pcm else turn(pcm, gain_db)
        return np.split(levelled, np.cumsum([len(block) for block in self._blocks])[:-1])


class _PlayingChunk:
    """A chunk whose blocks are turned to a loudness as they come; peaks are left to a limiter."""

    def __init__(self, loudness: float, peak_db: float, speed: float) -> None:
        self._loudness = loudness
        self._peak_db = peak_db
        self._speed = speed
        self._drawn = _NOTHING
        self._factors = np.empty(0, np.float64)  # by which each sample was multiplied
        self._gain_db = 0.0

    def feed(self, pcm: PCM) -> list[PCM]:
        drawn = np.concatenate((self._drawn, pcm))
        begins = is_silent(self._drawn)
        if begins and is_silent(pcm):
            self._drawn, self._factors = drawn, np.append(self._factors, np.ones(len(pcm)))
            return [pcm]
        heard = _at_speed(drawn, self._speed)
        before_db = self._gain_db

        def turned(gain_db: float) -> PCM:
            return limit(_gained(heard, gain_db), SAMPLE_RATE_HZ, self._peak_db)

        def ridden(gain_db: float) -> PCM:
            factors = np.concatenate((self._factors, _ramp(before_db, gain_db, len(pcm))))
            ramped = np.asarray(heard * _resized(factors, len(heard)), dtype=np.float32)
            return limit(ramped, SAMPLE_RATE_HZ, self._peak_db)

        bounds = (-_MAX_GAIN_DB, _MAX_GAIN_DB)
        gain_db = _find_gain(turned, self._loudness, before_db, bounds)
        if begins:
            most_db = self._loudness + _MAX_CREST_DB - true_peak_db(pcm, SAMPLE_RATE_HZ)
            gain_db = before_db = min(gain_db, most_db)
        bounds = (gain_db - _MAX_RIDE_DB, gain_db + _MAX_RIDE_DB)
        self._gain_db = _find_gain(ridden, self._loudness, gain_db, bounds)
        factors = _ramp(before_db, self._gain_db, len(pcm))
        self._drawn, self._factors = drawn, np.concatenate((self._factors, factors))
        return [np.asarray(pcm * factors, dtype=np.float32)]

    def end(self) -> list[PCM]:
        return []


def _find_gain(
    turned: Callable[[float], PCM], loudness: float, gain_db: float, bounds: tuple[float, float]
) -> float:
    """Return the gain with which `turned` has the loudness, or comes near it within the bounds."""
    low_db, high_db = bounds
    tried: list[tuple[float, float]] = []  # the gain in dB, and what is missing then in LU
    for _ in range(_MAX_TRIES):
        lufs = _loudness(turned(gain_db))
        if lufs is None:
            return gain_db
        tried.append((gain_db, loudness - lufs))
        if abs(loudness - lufs) < _MAX_ERROR_LU:
            break
        if lufs < loudness:
            low_db = gain_db
        else:
            high_db = gain_db
        if high_db - low_db < _MIN_STEP_DB:
            break
        gain_db = min(max(gain_db + (loudness - lufs) / _slope(tried), low_db), high_db)
        if gain_db in dict(tried):
            gain_db = (low_db + high_db) / 2
    return min(tried, key=lambda each: abs(each[1]))[0]


def _slope(tried: list[tuple[float, float]]) -> float:
    """Return how much louder a decibel makes it: less than 1 where peaks are limited."""
    if len(tried) < 2:
        return 1.0
    (gain_db, missing), (last_db, last_missing) = tried[-1], tried[-2]
    return min(max((last_missing - missing) / (gain_db - last_db), _MIN_SLOPE), 1.0)


def _loudness(pcm: PCM) -> float | None:
    """Return the loudness in LUFS, of less than a moment that of its repetition; None if silent."""
    size = max(len(pcm), math.ceil(MOMENT_S * SAMPLE_RATE_HZ))
    return measure_loudness(np.resize(pcm, size)).lufs


def _at_speed(pcm: PCM, speed: float) -> PCM:
    """Return audio as it is heard after the change of tempo."""
    if speed == 1:
        return pcm
    tempo = Tempo(speed, SAMPLE_RATE_HZ)
    return np.concatenate((tempo.process(pcm), tempo.finish()))


def _resized(factors: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return a curve drawn out, or drawn together, to `size` points."""
    if len(factors) == size:
        return factors
    return np.interp(np.linspace(0, len(factors), size), np.arange(len(factors)), factors)


def _ramp(start_db: float, stop_db: float, num_samples: int) -> NDArray[np.float64]:
    """Return factors that go from one gain to another within the time of a ride, and stay there."""
    duration_s = _RIDE_S if start_db - stop_db <= _MAX_SLOW_FALL_DB else _FAST_FALL_S
    share = np.minimum(np.arange(num_samples) / (duration_s * SAMPLE_RATE_HZ), 1.0)
    return np.asarray(10 ** ((start_db + (stop_db - start_db) * share) / 20))


def _gained(pcm: PCM, gain_db: float) -> PCM:
    return np.asarray(pcm * 10 ** (np.asarray(gain_db) / 20), dtype=np.float32)
