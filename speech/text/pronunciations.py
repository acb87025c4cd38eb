"""A list of words that are said otherwise than they are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Any

from speech.errors import InvalidRequest
from speech.text.breaks import SPEAKER_TAG
from speech.text.pauses import PAUSE_TAG
from speech.text.scripts import (
    CLOSERS,
    EXTENDERS,
    LEADING_VOWELS,
    OPENERS,
    QUOTES,
    SENTENCE_ENDS,
    UNSPACED_RANGES,
)
from speech.text.typography import clean
from speech.validation import shown

MAX_ENTRIES = 1000
MAX_ENTRY_CHARS = 100
"""The most characters of a word, and of its spelling."""

_TAG = re.compile(rf"{PAUSE_TAG.pattern}|{SPEAKER_TAG.pattern}", re.IGNORECASE)

_BESIDE = rf"[^\W{UNSPACED_RANGES}]"  # a letter or digit next to a word that makes it part of one
_UNSPACED = f"[{UNSPACED_RANGES}]"
_BEGIN = rf"(?-i:(?<![{''.join(LEADING_VOWELS)}])(?:(?={_UNSPACED})|(?<!{_BESIDE})))"
"""The places a word may begin: after no letter, or in a script that has no spaces."""

_POINT = re.compile(
    rf"[{re.escape(SENTENCE_ENDS)}][{re.escape(CLOSERS + QUOTES)}]{{0,4}}"
    rf"\s{{1,4}}[{re.escape(OPENERS + QUOTES)}]{{0,4}}\Z"
)
_SEEN_CHARS = 13
"""The most characters before a word among which a point is looked for."""

Pronunciations = Mapping[str, str]
"""Spellings by the word, or the words, that they are said for."""


def check_pronunciations(raw: Mapping[Any, Any]) -> Pronunciations:
    """Return a list of pronunciations, cleaned.

    Raises:
        InvalidRequest: It is too long, or an entry is not a word and its spelling.
    """
    if len(raw) > MAX_ENTRIES:
        raise InvalidRequest(
            f"Invalid 'pronunciations': {len(raw)} entries (max {MAX_ENTRIES})", "pronunciations"
        )
    checked = {}
    for word, spelling in raw.items():
        for text in (word, spelling):
            if not isinstance(text, str) or not _is_said(text):
                raise InvalidRequest(
                    f"Invalid 'pronunciations': {shown(word)}: a word and its spelling each need "
                    f"a letter or a digit, and have at most {MAX_ENTRY_CHARS} characters",
                    "pronunciations",
                )
        if tag := _TAG.search(f"{word} {spelling}"):
            raise InvalidRequest(
                f"Invalid 'pronunciations': {shown(word)} has the tag {tag[0]}, which only the "
                "text may have",
                "pronunciations",
            )
        checked[clean(word).strip()] = clean(spelling).strip()
    return checked


def _is_said(text: str) -> bool:
    return len(text) <= MAX_ENTRY_CHARS and any(map(str.isalnum, clean(text)))


def pronounce(text: str, pronunciations: Pronunciations) -> str:
    """Return `text` with every listed word spelled as it is said; case does not matter.

    Of two entries that begin at the same place, the longer one counts. Where a script has no spaces
    between words, an entry counts wherever it is written. A capital behind a point stays one: it
    tells a sentence's beginning from what goes on, and a name behind a title.
    """
    if not pronunciations:
        return text
    spellings = {_key(word): spelling for word, spelling in pronunciations.items()}
    forms = {form for word in pronunciations for form in (word, word.upper())}  # Straße, STRASSE
    words = "|".join(map(_pattern, sorted(forms, key=len, reverse=True)))
    listed = re.compile(rf"{_BEGIN}(?:{words}){_end()}", re.IGNORECASE)

    def spelled(match: re.Match[str]) -> str:
        spelling = spellings.get(_key(match[0]), match[0])
        begins = match[0][0].isupper() and _POINT.search(
            text[max(0, match.start() - _SEEN_CHARS) : match.start()]
        )
        return spelling[0].upper() + spelling[1:] if begins else spelling

    return listed.sub(spelled, text)


@cache
def _end() -> str:
    """Return where a word may end, as it may begin; it takes a while to find all marks."""
    chars = map(chr, range(0x300, 0x1F000))
    marks = "".join(char for char in chars if unicodedata.category(char)[0] == "M")
    followers = marks + "".join(EXTENDERS)
    return rf"(?-i:(?![{followers}])(?:(?<={_UNSPACED})|(?!{_BESIDE})))"


def _pattern(word: str) -> str:
    """Return what finds a word, with either apostrophe, and its parts however they are spaced.

    A blank line is between two words, never inside one, and figures are not a part of a number.
    """
    before = r"(?<!\d[.,:])" if word[0].isdigit() else ""
    after = r"(?![.,:]\d)" if word[-1].isdigit() else ""
    parts = r"(?:[^\S\n]+\n?|\n)[^\S\n]*".join(map(re.escape, word.split()))
    return before + re.sub("['’]", "['’]", parts) + after


def _key(word: str) -> str:
    return " ".join(word.casefold().replace("’", "'").split())
