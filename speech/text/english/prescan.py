r"""The characters and words without which a pattern matches nowhere: most rules can be skipped.

Of `\d{3}-\d{4}` that is a digit and a hyphen. It is found out from the pattern itself, as the
standard library parses it, and errs on the side of trying.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

_MAX_WORDS = 10  # more take longer to look for than most patterns
_MAX_CHARS = 30_000  # of a set
_MAX_NEEDS = 3  # of a pattern
_MAX_CHANCE = 0.8  # what most texts fulfil is not worth a look
_DIGITS = frozenset("0123456789")
_FOLDED = str.maketrans("ſıİKΣς", "siikσσ")


class Need(NamedTuple):
    """One of these characters or words must be in a text, in any case where `folded` says so."""

    chars: frozenset[str]
    words: tuple[str, ...] = ()
    folded: bool = False

    @property
    def chance(self) -> float:
        """About how likely plain prose is to fulfil it."""
        return sum(map(_chance, self.chars)) + sum(0.3 / len(word) for word in self.words)

    def any_case(self) -> Need:
        """Return a need that whatever fulfils this one fulfils, whatever the case of letters."""
        chars = frozenset(map(_fold, self.chars))
        return self if self.folded else Need(chars, tuple(map(_fold, self.words)), True)


class Seen:
    """The characters of a text, to ask for needs."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._chars = _chars_of(text)
        self._folded: tuple[str, set[str]] | None = None

    def fulfils(self, needs: Iterable[Need]) -> bool:
        """Tell whether a pattern with such needs may match."""
        for need in needs:
            text, chars = self._in_any_case() if need.folded else (self.text, self._chars)
            if need.chars.isdisjoint(chars) and not any(word in text for word in need.words):
                return False
        return True

    def _in_any_case(self) -> tuple[str, set[str]]:
        if self._folded is None:
            folded = _fold(self.text)
            self._folded = folded, _chars_of(folded)
        return self._folded


def needs_of(pattern: re.Pattern[str]) -> tuple[Need, ...]:
    """Return what each text in which `pattern` matches fulfils, the rarest first."""
    parsed = parser.parse(pattern.pattern, pattern.flags)
    found = sorted(set(_needs(parsed, pattern.flags)), key=lambda need: need.chance)
    return tuple(need for need in found[:_MAX_NEEDS] if need.chance < _MAX_CHANCE)


def _chars_of(text: str) -> set[str]:
    """Return the characters of a text; a digit of any script is one of ours, too."""
    chars = set(text)
    if not text.isascii() and any(map(str.isdecimal, chars)):
        chars |= _DIGITS
    return chars


def _fold(text: str) -> str:
    return text.translate(_FOLDED).lower() if not text.isascii() else text.lower()


def _chance(char: str) -> float:
    if not char.isascii():
        return 0.001
    if char.islower() or char in " \n,.":
        return 1.0
    return 0.06 if char.isdigit() else 0.2


def _needs(parsed: Sequence[tuple[Any, Any]], flags: int) -> list[Need]:
    """Return the needs of a sequence: those of all its parts, and the words in it."""
    needs: list[Need] = []
    word = ""
    folded = bool(flags & re.IGNORECASE)
    for kind, detail in parsed:
        if kind is op.LITERAL:
            word += chr(detail)
            continue
        needs += _word(word, folded)
        word = ""
        needs += _needs_of_part(kind, detail, flags)
    return needs + _word(word, folded)


def _word(word: str, folded: bool) -> list[Need]:
    if not word or (folded and not word.isascii()):
        return []
    word = word.lower() if folded else word
    if len(word) == 1:
        return [Need(frozenset(word), folded=folded)]
    return [Need(frozenset(), (word,), folded)]


def _needs_of_part(kind: Any, detail: Any, flags: int) -> list[Need]:
    if kind is op.IN:
        return _set(detail, bool(flags & re.IGNORECASE))
    if kind is op.SUBPATTERN:
        _, added, removed, inner = detail
        return _needs(inner, (flags | added) & ~removed)
    if kind is op.ASSERT:
        return _needs(detail[1], flags)
    if kind is op.ATOMIC_GROUP:
        return _needs(detail, flags)
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT) and detail[0]:
        return _needs(detail[2], flags)
    if kind is op.BRANCH:
        return _either([_needs(branch, flags) for branch in detail[1]])
    return []


def _set(members: Sequence[tuple[Any, Any]], folded: bool) -> list[Need]:
    chars: set[str] = set()
    for kind, detail in members:
        if kind is op.LITERAL:
            chars.add(chr(detail))
        elif kind is op.RANGE and len(chars) + detail[1] - detail[0] < _MAX_CHARS:
            chars.update(map(chr, range(detail[0], detail[1] + 1)))
        elif kind is op.CATEGORY and detail is op.CATEGORY_DIGIT:
            chars |= _DIGITS
        else:
            return []
    if folded and not all(map(str.isascii, chars)):
        return []
    return [Need(frozenset(map(str.lower, chars) if folded else chars), folded=folded)]


def _either(branches: Sequence[list[Need]]) -> list[Need]:
    """Return the need of alternatives: the rarest of each, together."""
    if not all(branches):
        return []
    rarest = [min(needs, key=lambda need: need.chance) for needs in branches]
    if any(need.folded for need in rarest):
        rarest = [need.any_case() for need in rarest]
    chars = frozenset().union(*(need.chars for need in rarest))
    words = tuple(dict.fromkeys(word for need in rarest for word in need.words))
    return [Need(chars, words, rarest[0].folded)] if len(words) <= _MAX_WORDS else []
