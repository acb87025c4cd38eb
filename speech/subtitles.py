"""Subtitles from word times, as SubRip (.srt) or WebVTT (.vtt).

Source: WebVTT, W3C Candidate Recommendation, 2019; SubRip has no standard, players agree.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from speech.text.markup import drop_markup
from speech.text.scripts import CLOSERS, SENTENCE_ENDS, is_spaced
from speech.text.words import find_words, match_words
from speech.timestamps import TimedWord

SubtitleFormat = Literal["srt", "vtt"]

MAX_CUE_CHARS = 84
"""Two lines of 42 characters, the most that subtitles usually have; a wide one counts twice."""
MAX_CUE_S = 6.0
_MIN_CUE_S = 0.002  # a WebVTT cue has a length, and words that are not said have none
_PASSAGE_WORDS = 64
"""About how many words markup is looked for in at a time: links are of several."""
MIN_GAP_S = 0.7
"""A pause as long as this ends a cue."""


class _Cue(NamedTuple):
    """Words that are shown together, and when."""

    words: Sequence[TimedWord]
    start_s: float
    end_s: float


def write_subtitles(words: Sequence[TimedWord], subtitle_format: SubtitleFormat) -> str:
    """Return the file that shows `words`, without markup, when they are said."""
    cues = _timed(_cues(_without_markup(words)))
    if subtitle_format == "vtt":
        return "\n".join(["WEBVTT\n", *(_cue(cue, ".", _escaped) for cue in cues)])
    numbered = (f"{number}\n{_cue(cue, ',', str)}" for number, cue in enumerate(cues, 1))
    return "\n".join(numbered)


def _without_markup(words: Iterable[TimedWord]) -> Iterator[TimedWord]:
    passage: list[TimedWord] = []
    for word in words:
        passage.append(word)
        if len(passage) >= _PASSAGE_WORDS and _ends_sentence(word):
            yield from _plain(passage)
            passage = []
    if passage:
        yield from _plain(passage)


def _plain(passage: Sequence[TimedWord]) -> Iterator[TimedWord]:
    """Yield the words of a passage with the times of those that they are written in."""
    written = _text(passage)
    plain = drop_markup(written)
    if plain == written:
        yield from passage
        return
    shown = [word.text for word in find_words(plain)]
    for word, (first, last) in zip(
        shown, match_words(shown, [word.word for word in passage]), strict=True
    ):
        begin, end = passage[min(first, len(passage) - 1)], passage[max(last - 1, 0)]
        yield TimedWord(word, begin.start, max(begin.start, end.end))


def _timed(cues: Iterable[list[TimedWord]]) -> Iterator[_Cue]:
    """Yield cues that follow one another, each with a length."""
    end_s = 0.0
    for words in cues:
        start_s = max(words[0].start, end_s)
        end_s = max(words[-1].end, start_s + _MIN_CUE_S)
        yield _Cue(words, start_s, end_s)


def _cues(words: Iterable[TimedWord]) -> Iterator[list[TimedWord]]:
    """Yield the words that are shown together."""
    cue: list[TimedWord] = []
    for word in words:
        if cue and _begins_cue(cue, word):
            yield cue
            cue = []
        cue.append(word)
    if cue:
        yield cue


def _begins_cue(cue: Sequence[TimedWord], word: TimedWord) -> bool:
    return (
        _width(_text([*cue, word])) > MAX_CUE_CHARS
        or word.end - cue[0].start > MAX_CUE_S
        or word.start - cue[-1].end >= MIN_GAP_S
        or _ends_sentence(cue[-1])
    )


def _ends_sentence(word: TimedWord) -> bool:
    return word.word.rstrip(CLOSERS + "\"'").endswith(tuple(SENTENCE_ENDS))


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


def _text(words: Sequence[TimedWord]) -> str:
    """Return words as a text; where their script does without spaces, there are none."""
    gaps = (" " * _are_spaced(left.word, right.word) for left, right in pairwise(words))
    return "".join(word.word + gap for word, gap in zip(words, [*gaps, ""], strict=True))


def _are_spaced(left: str, right: str) -> bool:
    last = next(filter(str.isalnum, reversed(left)), " ")
    first = next(filter(str.isalnum, right), " ")
    return is_spaced(last) and is_spaced(first)


def _width(text: str) -> int:
    """Return how many columns a text takes; characters such as 字 take two."""
    return len(text) + sum(unicodedata.east_asian_width(char) in "WF" for char in text)


def _cue(cue: _Cue, point: str, escape: Callable[[str], str]) -> str:
    times = f"{_clock(cue.start_s, point)} --> {_clock(cue.end_s, point)}"
    return f"{times}\n{escape(_lines(cue.words))}\n"


def _lines(words: Sequence[TimedWord]) -> str:
    """Return the text of a cue, on two lines of like length where one is too short for it."""
    text = _text(words)
    if len(words) < 2 or _width(text) <= MAX_CUE_CHARS // 2:
        return text
    lines = [(_text(words[:i]), _text(words[i:])) for i in range(1, len(words))]
    first, second = min(lines, key=lambda pair: abs(_width(pair[0]) - _width(pair[1])))
    return f"{first}\n{second}"


def _clock(time_s: float, point: str) -> str:
    seconds, milliseconds = divmod(round(1000 * time_s), 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{point}{milliseconds:03d}"
