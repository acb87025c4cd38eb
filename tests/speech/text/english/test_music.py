from __future__ import annotations

import pytest

from speech.text.english.normalization import normalize

WRITTEN = [
    ("C#m7, Gmaj7, Am7, F#m, Bb7", "see sharp minor seven, jee major seven, ay minor seven, eff "
     "sharp minor, bee flat seven"),
    ("Dsus4, Cadd9, BM25, A4", "dee suspended four, see add nine, bee em twenty five, ay four"),
    ("in 6/8 time, 3/4 time", "in six eight time, three four time"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "said"), WRITTEN)
def test_chords_and_bars_are_named(written: str, said: str) -> None:
    assert normalize(written) == said
