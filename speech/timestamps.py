"""The times at which the words of a text are said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from speech.text.words import find_words, match_words


@dataclass(frozen=True)
class TimedWord:
    """A word as it is written, punctuation included, and when it is said, in seconds."""

    word: str
    start: float
    end: float


class Timestamps:
    """The times of a text's words, from those of the words that are said for it.

    Numbers and the like are said in more words than they are written in.

    Args:
        text: The text as it is written.
        spoken: The texts that are said for it, in order.
        speed: The tempo factor of the audio that is delivered.
    """

    def __init__(self, text: str, spoken: Iterable[str], speed: float = 1.0) -> None:
        self._written = [word.text for word in find_words(text)]
        said = [word.text for part in spoken for word in find_words(part)]
        self._spans = match_words(self._written, said)
        self._speed = speed
        self._times: list[tuple[float, float]] = []
        self._num_given = 0

    def add(self, spoken: Sequence[TimedWord], start_s: float = 0.0) -> list[TimedWord]:
        """Take the next words that are said; return the written ones whose times are now known.

        Args:
            spoken: The words, in seconds of audio of their own.
            start_s: The second of the whole at which that audio begins, at ordinary speed.
        """
        for word in spoken:
            start = max((start_s + word.start) / self._speed, self._end)
            self._times.append((start, max((start_s + word.end) / self._speed, start)))
        known = []
        while self._num_given < len(self._written):
            first, last = self._spans[self._num_given]
            if last > len(self._times):
                break
            known.append(TimedWord(self._written[self._num_given], *self._time(first, last)))
            self._num_given += 1
        return known

    def _time(self, first: int, last: int) -> tuple[float, float]:
        """Return when spoken words begin and end; for none, when the one before ends."""
        if first < last:
            return self._times[first][0], self._times[last - 1][1]
        end = self._times[first - 1][1] if first else 0.0
        return end, end

    @property
    def _end(self) -> float:
        return self._times[-1][1] if self._times else 0.0
