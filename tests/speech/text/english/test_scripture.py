from __future__ import annotations

import pytest

from speech.text.english.normalization import normalize

WRITTEN = [
    ("John 3:16 and Luke 2:1", "John three sixteen and Luke two one"),
    ("1 Cor. 13:4-7, 10", "First Corinthians thirteen four to seven, ten"),
    ("II Samuel 7:12", "Second Samuel seven twelve"),
    ("Gen. 1:1–2:3a", "Genesis one one to two three ay"),
    ("Ps. 23; Psalm 119:105.", "Psalm twenty three; Psalm one hundred and nineteen, "
     "one hundred and five."),
    ("Isa. 40:28 and 41:10", "Isaiah forty twenty eight and forty one ten"),
    ("in 1 Corinthians", "in First Corinthians"),
    ("2 Kings 4, but 2 Kings", "Second Kings four, but two Kings"),
    ("John at 3:16 pm; Mark 10:05", "John at three sixteen pee em; Mark ten oh five"),
    ("Gen. 1:1–3; 1 Cor. 13", "Genesis one one to three; First Corinthians thirteen"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "said"), WRITTEN)
def test_verses_are_chapter_and_verse(written: str, said: str) -> None:
    assert normalize(written) == said
