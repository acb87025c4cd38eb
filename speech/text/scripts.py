"""Differences between scripts: pace, punctuation, spaces, the extent of a character."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from functools import lru_cache
from typing import NamedTuple

SENTENCE_ENDS = ".!?…‽。！？｡．؟۔।॥።፧။៕།༎։"
CLAUSE_ENDS = ",;:-–—、，；：､،؛၊፣፤፥"
OPENERS = "([{«‹“‘„‚「『（【〈《〔［｛¿¡"
CLOSERS = ")]}»›”’」』）】〉》〕］｝"
QUOTES = "\"'“”„‘’‚«»‹›"  # which of them open and which close depends on the language

ZERO_WIDTH_SPACE = "\u200b"  # marks words where spaces do not
_JOINER = "\u200d"
_VIRAMA = 9  # its combining class: the next consonant belongs to the same cluster
# Thai and Lao vowels written after their consonant, small kana, the long mark, repetition marks.
EXTENDERS = frozenset("ะาำๅๆະາຳぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮー々ゝゞヽヾ")
LEADING_VOWELS = frozenset("เแโใไເແໂໃໄ")


class _Script(NamedTuple):
    """A range of code points whose letters are spoken at one rate."""

    first: int
    last: int
    ms_per_letter: int
    spaced: bool = True


_LETTER_MS = 69  # cased alphabets, spaces, punctuation: 14.5 characters per second of English
_DIGIT_MS = 290  # "2024" takes as long as "twenty twenty-four"
_UNCASED_LETTER_MS = 125  # scripts not listed, such as Devanagari; vowel signs cost nothing
_SCRIPTS = (
    _Script(0x0590, 0x08FF, 90),  # Hebrew, Arabic, Syriac: most vowels are not written
    _Script(0x0E00, 0x0EFF, 90, spaced=False),  # Thai, Lao
    _Script(0x0F00, 0x109F, 125, spaced=False),  # Tibetan, Myanmar
    _Script(0x1100, 0x11FF, 80),  # Hangul jamo, two or three to a syllable
    _Script(0x1780, 0x17FF, 125, spaced=False),  # Khmer
    _Script(0x3040, 0x30FF, 150, spaced=False),  # kana: a mora each
    _Script(0x3400, 0x9FFF, 220, spaced=False),  # Han: a syllable each, or two in Japanese
    _Script(0xAC00, 0xD7AF, 200),  # Hangul syllables
    _Script(0xF900, 0xFAFF, 220, spaced=False),  # Han, compatibility
    _Script(0xFB1D, 0xFEFC, 90),  # Hebrew and Arabic presentation forms
    _Script(0xFF66, 0xFF9F, 150, spaced=False),  # half-width kana
    _Script(0x20000, 0x3FFFF, 220, spaced=False),  # Han, rare
)
UNSPACED_RANGES = "".join(
    f"{chr(script.first)}-{chr(script.last)}" for script in _SCRIPTS if not script.spaced
)
"""The scripts that separate no words by spaces, for a class of a regular expression."""
_SCRIPT_STARTS = [script.first for script in _SCRIPTS]


def _script(char: str) -> _Script | None:
    code = ord(char)
    index = bisect_right(_SCRIPT_STARTS, code) - 1
    return _SCRIPTS[index] if index >= 0 and code <= _SCRIPTS[index].last else None


@lru_cache(maxsize=8192)
def duration_ms(char: str) -> int:
    """Return about how long one character takes to speak at an ordinary pace."""
    if char.isspace():
        return _LETTER_MS
    category = unicodedata.category(char)
    if category[0] == "M" or category in ("Cc", "Cf"):
        return 0
    if category[0] == "N":
        return _DIGIT_MS
    if category in ("Lo", "Lm"):
        if script := _script(char):
            return script.ms_per_letter
        return _UNCASED_LETTER_MS if category == "Lo" else _LETTER_MS
    return _LETTER_MS


def is_spaced(char: str) -> bool:
    """Tell whether the script of `char` separates words by spaces."""
    script = _script(char)
    return script is None or script.spaced


def are_one_character(left: str, right: str) -> bool:
    """Tell whether two neighbouring code points belong to one visible character.

    As close to Unicode's extended grapheme clusters as the standard library allows. Flags are
    missing: whether two regional indicators pair up depends on all that stand before them.
    """
    category = unicodedata.category(right)
    return (
        category[0] == "M"
        or (category == "Cf" and right != ZERO_WIDTH_SPACE)
        or left == _JOINER
        or right in EXTENDERS
        or left in LEADING_VOWELS
        or unicodedata.combining(left) == _VIRAMA
        or "\U0001f3fb" <= right <= "\U0001f3ff"  # skin tones
        or ("\u1100" <= left <= "\u11ff" and "\u1160" <= right <= "\u11ff")  # Hangul jamo
        or ("\ud800" <= left <= "\udbff" and "\udc00" <= right <= "\udfff")  # surrogate pair
    )
