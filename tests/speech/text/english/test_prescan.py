from __future__ import annotations

import re

import pytest

from speech.text.english.normalization import RULES
from speech.text.english.prescan import Seen, needs_of
from tests.speech.text.english.test_normalization import WRITTEN

ALIKE = ["٣ Ｓ", "TE\u017fT \u212aM \u0130N", "№ ½ ℃ 🎉 éÉ"]
"""Digits of other scripts, letters that are an s, a k and an i where case does not count."""


def test_a_rule_that_is_passed_over_has_no_match() -> None:
    written = [text for text, _ in WRITTEN]
    bundles = ["\n".join(written[start::60]) for start in range(60)]
    for text in (*bundles, *ALIKE, *map(str.lower, bundles[:9]), *map(str.upper, bundles[:9])):
        seen = Seen(text)
        for each in RULES:
            if seen.fulfils(each.needs):
                seen = Seen(each.apply(seen.text))
            else:
                assert not each.pattern.search(seen.text)


@pytest.mark.parametrize(
    ("pattern", "fulfilling", "failing"),
    [
        (r"\d{3}-\d{4}", "5-", ["5", "-", "five"]),
        (r"(?<=\d)\s?pp\b", "1 pp", ["1 p", "pp"]),
        (r"(?:kg|[$£])(?!x)\w*", "£", ["k g", "x"]),
        (r"(?:St|Rd)\.", "Rd.", ["Ave."]),
        (r"(?i:street|\d)", "STREET", ["road"]),
        (r"(?:50|$)?a?[^5]*\w", "", []),
        (r"ΟΔΟΣ|(?i:road)", "ΟΔΟΣΑ", ["ΟΔΟ"]),
        (r"[Σ]|(?i:road)", "ΟΣ", ["Ο"]),
    ],
)
def test_needs_are_what_a_match_cannot_be_without(
    pattern: str, fulfilling: str, failing: list[str]
) -> None:
    needs = needs_of(re.compile(pattern))
    assert Seen(fulfilling).fulfils(needs)
    assert not any(Seen(text).fulfils(needs) for text in failing)


def test_most_rules_pass_over_plain_prose() -> None:
    seen = Seen("The old house stood at the end of the lane. “Who could it be?” asked Tom.")
    assert sum(seen.fulfils(each.needs) for each in RULES) < len(RULES) / 5
