"""Words around an abbreviation: whether its full stop ends a sentence as well."""

from __future__ import annotations

import re

from speech.text.english.rule import listed

_STARTERS = frozenset(
    listed(
        "A After All An And As At Because Before But By For From He Her Here His How However I "
        "If In It Its My No Not Now On Once Our She So Some That The Their Then There These "
        "They This Those Tis To Twas We What When Where Which While Who Why With Yes You Your"
    )
)
_FIRST_WORD = re.compile(r"[\s\"'“‘(]*([A-Za-z]+)")
_LAST_WORD = re.compile(r"\b\w+(?=\s\Z)")
_SEEN_CHARS = 48  # how far off the words around a match are looked for


def rest_of(match: re.Match[str]) -> str:
    """Return what follows a match, as far as a rule looks."""
    return match.string[match.end() : match.end() + _SEEN_CHARS]


def word_before(match: re.Match[str]) -> str:
    """Return the word that a space parts from a match, or an empty text."""
    before = match.string[max(0, match.start() - _SEEN_CHARS) : match.start()]
    found = _LAST_WORD.search(before)
    return found[0] if found else ""


def stop_after(match: re.Match[str]) -> str:
    """Return the full stop that stays where an abbreviation was: none inside a sentence."""
    after = rest_of(match)
    rest = after.lstrip("\"'”’)").lstrip()
    first = _FIRST_WORD.match(rest)
    ends = not rest or after[:1] == "\n" or bool(first and first[1] in _STARTERS)
    return "." * ends
