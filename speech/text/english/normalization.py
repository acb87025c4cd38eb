"""Writes English text out in words, for a model that reads figures and abbreviations badly."""

from __future__ import annotations

import re

from speech.text.english.abbreviations import ABBREVIATIONS
from speech.text.english.addresses import ADDRESSES
from speech.text.english.dates import DATES
from speech.text.english.initials import INITIALS, is_spelled, spell
from speech.text.english.quantities import MEASURES, MONEY, QUANTITIES
from speech.text.english.rule import Rule, rule

_SPACES = re.compile(r"[ \t]{2,}")
_MIN_ENGLISH_LETTERS = 0.9
"""Of a text's letters: below, it is in another language, or in another script."""

_GLUED: tuple[Rule, ...] = (
    rule(r"[*_~|^\\<>{}`]+", lambda match: " "),
    rule(
        r"(?<![\w\[])(?P<letters>[A-Z]{1,5})-?(?P<figures>\d{1,4})(?P<rest>[A-Z]{0,3})(?!\w)",
        lambda match: _letters_and_figures(match),
    ),
    rule(
        r"(?<=\d)(?=[A-Za-z]{3}|[A-Z][a-z]|[a-z]\.[a-z]\.)|(?<=[A-Za-z])(?<!\[S)(?=\d)",
        lambda match: " ",
    ),
    rule(r"\s?&\s?(?!\w+;)", lambda match: " and "),
)
_SYMBOLS: tuple[Rule, ...] = (
    rule(r"[#]+(?=\d)", lambda match: "number "),
    rule(r"[#]+(?=[A-Za-z])", lambda match: "hashtag "),
    rule(r"№\s?", lambda match: "number "),
    rule(r"\s?×\s?(?=\d)", lambda match: " times "),
    rule(r"\s?÷\s?(?=\d)", lambda match: " divided by "),
    rule(r"\s?±\s?(?=\d)", lambda match: " plus or minus "),
    rule(r"(?<=\d)\s?=\s?(?=[\d-])|\s=\s", lambda match: " equals "),
    rule(r"(?<=[\d\w])\s?[+]\s(?=[\d\w])|(?<=\d)[+](?=\d)", lambda match: " plus "),
    rule(r"(?<=\d)[+](?!\w)", lambda match: " plus"),
    rule(r"(?<=\s)@(?=\w)|\s@\s", lambda match: " at "),
    rule(r"(?<![\w/])24/7\b", lambda match: "24 7"),
    rule(r"(?<=\d)/(?=\d)", lambda match: " slash "),
    rule(r"(?<=\w)/(?=\w)", lambda match: " "),
)
_MIXED: tuple[Rule, ...] = (
    rule(r"(?<=\d)-?(?P<letters>[A-Z]{1,3})(?![\w])", lambda match: f" {spell(match['letters'])}"),
    rule(r"(?<=\d)(?=[A-Za-z]{1,3}\b)(?!(?:st|nd|rd|th|k)\b)", lambda match: " "),
)
_RULES = (
    *(*ADDRESSES, *_GLUED, *MONEY, *MEASURES, *DATES, *ABBREVIATIONS, *INITIALS),
    *(*_SYMBOLS, *_MIXED, *QUANTITIES),
)


def _letters_and_figures(match: re.Match[str]) -> str:
    letters = match["letters"]
    if len(letters) == 1 or is_spelled(letters):
        letters = spell(letters)
    return " ".join(filter(None, (letters, match["figures"], spell(match["rest"]))))


def normalize(text: str) -> str:
    """Return English `text` with figures, money, dates, abbreviations and addresses in words.

    Text in another script stays as it is. Doing it twice changes nothing more.
    """
    if not _is_english(text):
        return text
    for each in _RULES:
        text = each.apply(text)
    return _SPACES.sub(" ", text)


def _is_english(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    return sum(map(str.isascii, letters)) >= _MIN_ENGLISH_LETTERS * len(letters)
