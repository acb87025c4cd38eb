"""The words of a job, told once each."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.echo import word_timer
from engine.echo.model.tokenizer import tokenize
from engine.echo.word_timer import WordTimer

FRAME_S = 2048 / 44100


def _reading(text: str, frames_per_byte: int = 2) -> np.ndarray:
    """Return how a head looks that reads on evenly, (frames, bytes)."""
    num_bytes = len(tokenize(text)) - 1
    scores = 9 * np.eye(num_bytes)[np.repeat(np.arange(num_bytes), frames_per_byte)]
    return scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)


def test_words_are_told_where_their_bytes_are_read():
    text = "It\u2019s \u2014 caf\u00e9 time"
    told = WordTimer(text, tokenize(text)).settled_words(_reading(text), complete=True)
    assert [word.word for word in told] == ["It\u2019s", "caf\u00e9", "time"]
    read = bytes(tokenize(text)[1:])
    for word, said in zip(told, ("It's", "caf\u00e9", "time"), strict=True):
        start = read.index(said.encode())
        stop = start + len(said.encode())
        assert word.start == pytest.approx(2 * start * FRAME_S, abs=FRAME_S)
        assert word.end == pytest.approx(2 * stop * FRAME_S, abs=FRAME_S)


@settings(deadline=None, max_examples=20)
@given(
    text=st.text("ab c,.-\u20149", max_size=40),
    cuts=st.lists(st.integers(1, 80), max_size=3),
)
def test_each_word_is_told_once_however_the_frames_come(text, cuts):
    reading = _reading(text)
    timer, told = WordTimer(text, tokenize(text)), []
    for cut in sorted(cuts):
        told += timer.settled_words(reading[:cut], complete=False)
    told += timer.settled_words(reading, complete=True)
    whole = WordTimer(text, tokenize(text)).settled_words(reading, complete=True)
    assert [word.word for word in told] == [word.word for word in whole]
    times = [time for word in told for time in (word.start, word.end)]
    assert times == sorted(times)
    assert times == pytest.approx([t for w in whole for t in (w.start, w.end)], abs=FRAME_S)


def test_word_begins_no_earlier_than_the_one_told_before_it_ended(monkeypatch):
    estimates = iter([[(0.0, 10.0)], [(0.0, 12.0), (8.0, 20.0)]])
    monkeypatch.setattr(word_timer, "word_frames", lambda *_: next(estimates))
    timer = WordTimer("one two", tokenize("one two"))
    told = [timer.settled_words(np.zeros((0, 0)), complete) for complete in (False, True)]
    [[first], [second]] = told
    assert (first.word, second.word) == ("one", "two")
    assert second.start == first.end < second.end
