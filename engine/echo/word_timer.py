"""A job's words and their times, as its frames become known."""

from __future__ import annotations

from collections.abc import Sequence

from engine.echo.alignment import Floats, Span, word_frames
from speech.pcm import FRAME_SAMPLES, SAMPLE_RATE_HZ
from speech.text.words import find_words, match_words
from speech.timestamps import TimedWord


class WordTimer:
    """The times of a job's words, each given once, when it has become certain.

    Args:
        text: The job's text.
        tokens: The tokens that the model reads for it.
    """

    def __init__(self, text: str, tokens: Sequence[int]) -> None:
        self._words = [word.text for word in find_words(text)]
        self._spans = _byte_spans(self._words, bytes(tokens[1:]).decode())
        self._num_settled = 0
        self._settled_until_s = 0.0

    def settled_words(self, log_probs: Floats, complete: bool) -> list[TimedWord]:
        """Return the words that have become certain.

        Args:
            log_probs: (frames, bytes), the attention of all frames so far to the tokens.
            complete: Whether no more frames will come.
        """
        settled = []
        frames = word_frames(log_probs, self._spans, complete)
        for word, times in list(zip(self._words, frames, strict=False))[self._num_settled :]:
            start, end = (max(_seconds(time), self._settled_until_s) for time in times)
            settled.append(TimedWord(word, start, end))
            self._settled_until_s = end
        self._num_settled += len(settled)
        return settled


def _seconds(frames: float) -> float:
    return frames * FRAME_SAMPLES / SAMPLE_RATE_HZ


def _byte_spans(words: Sequence[str], read: str) -> list[Span]:
    """Return the bytes of each word within the text that the model reads."""
    found = find_words(read)
    spans, end = [], 0
    for first, last in match_words(words, [word.text for word in found]):
        start = end  # of a word that is not read at all
        if first < last:
            start, end = (_num_bytes(read, i) for i in (found[first].start, found[last - 1].stop))
        spans.append((start, end))
    return spans


def _num_bytes(text: str, stop: int) -> int:
    return len(text[:stop].encode())
