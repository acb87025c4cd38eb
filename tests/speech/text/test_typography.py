from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech.text.typography import clean

ODD_CHARS = st.sampled_from(
    "\u200b\u200c\u200d\u00ad\ufeff\u2060\ufe0f\x00ﬁﷺ𝐇e\u0301กक्می👩❤\u1100\u1161 a"
)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("\ufeffHello", "Hello"),
        ("Hel\u200blo wor\u200bld", "Hello world"),
        ("won\u00adder\u00adful", "wonderful"),
        ("a\u2060b\u200ec\u202ad\u2066e", "abcde"),
        ("wo\u200crds jo\u200dined", "words joined"),
        ("cafe\u0301", "café"),
        ("e\u200b\u0301", "é"),
        ("ﬁrst oﬃce is ﬂat", "first office is flat"),
        ("𝐇𝐞𝐥𝐥𝐨", "Hello"),
        ("ﻣﺮﺣﺒﺎ", "مرحبا"),
        ("Hel\x00lo\x07", "Hello"),
        ("love ❤\ufe0f", "love ❤"),
        ("a\u2800b", "a b"),
        ("\U000e0041tagged", "tagged"),
        ("Itâ€™s a â€œniceâ€\x9d cafÃ©, Â£5 ðŸ˜€", "It’s a “nice” café, £5 😀"),
        ("Itâ\x80\x99s ÃƒÂ©", "It’s é"),
        (
            "A 5‑year‐old, 9﹣5, 555‒1234 ― don´t, itʼs l´été",
            "A 5-year-old, 9-5, 555–1234 — don’t, it’s l’été",
        ),
        ("Ｔｈｅ ＡＢＣ ｏｆ ＄１２．５０", "The ABC of $12.50"),
    ],
)
def test_clean_leaves_what_is_seen(written: str, said: str) -> None:
    assert clean(written) == said


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",  # Persian: the prefix does not join
        "क्\u200dष क्\u200cष",  # Devanagari: half forms
        "👩\u200d👩\u200d👧",
        "ภาษา\u200bไทย",  # Thai: a boundary of words
        "CAFÉ” IRMÃ” «É» pâté 价格是，好。",
        "Ã© Â£",  # odd, but Latin
        "“Quoted,” she said — it’s 5 °C…",
        "line\nbreak\r\nand\ttab\u00a0\u2028\u2029",
    ],
)
def test_clean_keeps_what_makes_a_word(text: str) -> None:
    assert clean(text) == text


@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc", "Cf"])))
def test_clean_keeps_latin_text(text: str) -> None:
    assert clean(text) == text


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(ODD_CHARS).map("".join)))
def test_clean_is_idempotent_and_composed(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned == unicodedata.normalize("NFC", cleaned)


def test_a_soft_hyphen_at_a_line_end_parts_no_word() -> None:
    assert clean("inter\u00ad\r\n  national, co\u00adop") == "international, coop"
