"""Abbreviations of recipes: cups and spoons, and how large an onion is."""

from __future__ import annotations

import re
from collections.abc import Callable

from speech.text.english.figures import START
from speech.text.english.rule import Rule, like, rule

_AMOUNT = r"(?P<amount>(?:\d{1,2}[\s-])?\d{1,2}/\d{1,2}|\d{0,2}[½⅓⅔¼¾⅛]|\d{1,2}(?:\.\d)?)"
_FEW = r"(?P<amount>(?:\d[\s-])?\d/\d|\d?[½⅓⅔¼¾⅛]|[1-9])"
_NO_FOOD = r"(?:and|apiece|each|for|less|more|off|per|the)\b"
_SIZES = {"lg": "large", "med": "medium", "sm": "small"}


def _measured(one: str) -> Callable[[re.Match[str]], str]:
    def say(match: re.Match[str]) -> str:
        amount = match["amount"]
        is_one = amount == "1" or not re.match(r"\d+(?:[½⅓⅔¼¾⅛.\s-]|$)", amount)
        return f"{amount} {one}{'' if is_one else 's'}"

    return say


def _size(match: re.Match[str]) -> str:
    return like(match["size"], _SIZES[match["size"].lower()])


COOKING: tuple[Rule, ...] = (
    rule(rf"{START}{_AMOUNT}\s?c\.(?=\s[a-z])", _measured("cup")),
    rule(rf"{START}{_FEW}\s?c(?:\.(?=[;,)])|(?=\s(?!{_NO_FOOD})[a-z]{{2}}))", _measured("cup")),
    rule(rf"{START}{_AMOUNT}\s?pt\.(?=\s[a-z])", _measured("pint")),
    rule(rf"{START}{_AMOUNT}\s?T\.(?=\s(?!rex\b)[a-z])", _measured("tablespoon")),
    rule(rf"{START}{_AMOUNT}\s?t\.(?=\s[a-z])", _measured("teaspoon")),
    rule(r"(?<=\d\s)(?P<size>lg|med|sm)\.?(?=\s[a-z])", _size),
    rule(r"(?<![\w.])(?P<size>[Mm]ed)\.(?=-[a-z]|\s(?:heat|low|high)\b)", _size),
)
"""Amounts first, then sizes."""
