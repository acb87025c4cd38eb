"""When the words of a text are said."""

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

    def within(self, start_s: float, speed: float) -> TimedWord:
        """Return the word in audio at `speed` that this one's own begins in at `start_s`."""
        return TimedWord(self.word, (start_s + self.start) / speed, (start_s + self.end) / speed)


class Timestamps:
    """The times of a text's words, from those of the words that are said for it.

    Numbers and the like are said in more words than they are written in.

    Args:
        text: As it is written.
        spoken: What is said for it, in parts.
    """

    def __init__(self, text: str, spoken: Iterable[str]) -> None:
        self._written = [word.text for word in find_words(text)]
        said = [word.text for part in spoken for word in find_words(part)]
        self._spans = match_words(self._written, said)
        self._spoken: list[TimedWord] = []
        self._end = 0.0
        self._num_given = 0

    def add(self, spoken: Sequence[TimedWord]) -> list[TimedWord]:
        """Take the next words that are said; return the written ones whose times are now known."""
        self._spoken += spoken
        timed = []
        while self._num_given < len(self._written):
            first, last = self._spans[self._num_given]
            if last > len(self._spoken):
                break
            start = self._end  # of a word that is not said at all
            if first < last:
                start, self._end = self._spoken[first].start, self._spoken[last - 1].end
            timed.append(TimedWord(self._written[self._num_given], start, self._end))
            self._num_given += 1
        return timed
