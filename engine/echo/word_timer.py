"""A job's words and their times, as its frames become known."""

from __future__ import annotations

from collections.abc import Sequence

from engine.echo.alignment import Floats, Span, word_frames
from speech.pcm import FRAME_SAMPLES, SAMPLE_RATE_HZ
from speech.text.words import find_words, match_words
from speech.timestamps import TimedWord


class WordTimer:
    """Tells each word of a job once, when its time is certain.

    Args:
        text: Of the job.
        tokens: What the model reads for it.
    """

    def __init__(self, text: str, tokens: Sequence[int]) -> None:
        self._words = [word.text for word in find_words(text)]
        self._spans = _byte_spans(self._words, bytes(tokens[1:]).decode())
        self._num_told = 0
        self._told_until_s = 0.0

    def tell(self, log_probs: Floats, complete: bool) -> list[TimedWord]:
        """Return the words that have become certain.

        Args:
            log_probs: (frames, bytes), how all frames so far look at what the model reads.
            complete: Whether no more frames will come.
        """
        told = []
        frames = word_frames(log_probs, self._spans, complete)
        for word, times in list(zip(self._words, frames, strict=False))[self._num_told :]:
            start, end = (max(_seconds(time), self._told_until_s) for time in times)
            told.append(TimedWord(word, start, end))
            self._told_until_s = end
        self._num_told += len(told)
        return told


def _seconds(frames: float) -> float:
    return frames * FRAME_SAMPLES / SAMPLE_RATE_HZ


def _byte_spans(words: Sequence[str], read: str) -> list[Span]:
    """Return which bytes of what the model reads each word is."""
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
