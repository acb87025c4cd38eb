"""The times of a text's characters, from those of its words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from speech.timestamps import TimedWord


class TimedCharacters(NamedTuple):
    """Characters, and when each begins and ends, in seconds."""

    characters: list[str]
    starts: list[float]
    ends: list[float]

    def by_second(self) -> dict[str, list[str] | list[float]]:
        """Return them as the HTTP routes tell them."""
        return {
            "characters": self.characters,
            "character_start_times_seconds": [round(start, 3) for start in self.starts],
            "character_end_times_seconds": [round(end, 3) for end in self.ends],
        }

    def by_millisecond(self, origin_s: float) -> dict[str, list[str] | list[int]]:
        """Return them as the WebSockets tell them: since `origin_s`."""
        starts = [round(1000 * (start - origin_s)) for start in self.starts]
        ends = [round(1000 * (end - origin_s)) for end in self.ends]
        return {
            "chars": self.characters,
            "charStartTimesMs": starts,
            "charDurationsMs": [end - start for start, end in zip(starts, ends, strict=True)],
        }


class CharacterTimes:
    """The characters of a text, timed as its words become known; each is returned once.

    Those of a word share its time evenly; what is between two words takes no time.

    Args:
        text: The text.
        begin_s: The time of its characters as long as no word of it is known.
    """

    def __init__(self, text: str, begin_s: float = 0.0) -> None:
        self._text = text
        self._position = 0
        self._end_s = begin_s

    def take(self, words: Sequence[TimedWord], *, last: bool = False) -> TimedCharacters:
        """Return the characters of the next words, each with the space that follows it.

        `last`: no more words come, so all that is left of the text is returned as well.
        """
        timed = TimedCharacters([], [], [])
        for word in words:
            found = self._text.find(word.word, self._position)
            if found < 0:
                continue
            end = found + len(word.word)
            step = (word.end - word.start) / len(word.word)
            self._add(timed, self._text[self._position : found], word.start, 0.0)
            self._add(timed, word.word, word.start, step)
            rest = self._text[end:]
            space = rest[: len(rest) - len(rest.lstrip())]
            self._add(timed, space, word.end, 0.0)
            self._position = end + len(space)
            self._end_s = word.end
        if last:
            self._add(timed, self._text[self._position :], self._end_s, 0.0)
            self._position = len(self._text)
        return timed

    def _add(self, timed: TimedCharacters, text: str, start: float, step: float) -> None:
        for index, character in enumerate(text):
            timed.characters.append(character)
            timed.starts.append(start + index * step)
            timed.ends.append(start + (index + 1) * step)
