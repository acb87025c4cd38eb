"""Writes English text out in words, for a model that reads figures and abbreviations badly."""

from __future__ import annotations

import re

from speech.text.english.abbreviations import ABBREVIATIONS
from speech.text.english.addresses import ADDRESSES
from speech.text.english.chemistry import CHEMISTRY
from speech.text.english.codes import CODES
from speech.text.english.commands import COMMANDS
from speech.text.english.cooking import COOKING
from speech.text.english.dates import DATES, SLASHED_DATES
from speech.text.english.games import GAMES
from speech.text.english.informal import INFORMAL
from speech.text.english.initials import INITIALS, LETTERS, SPACED
from speech.text.english.language import is_other_language
from speech.text.english.law import LAW
from speech.text.english.maths import LOGARITHMS, MATHS
from speech.text.english.measures import MEASURES, POWERED
from speech.text.english.money import MONEY
from speech.text.english.numbered import NUMBERED
from speech.text.english.places import PLACES
from speech.text.english.prescan import Seen
from speech.text.english.primes import PRIMES
from speech.text.english.quantities import FRACTIONS, GROUPED, LARGE, QUANTITIES
from speech.text.english.scripture import SCRIPTURE
from speech.text.english.spellings import SPELLINGS
from speech.text.english.symbols import COMPARISONS, GLUED, MIXED, SYMBOLS
from speech.text.english.times import INSTANTS, TIMES
from speech.text.english.years import YEARS

_SPACES = re.compile(r"[ \t]{2,}")
_SIGN = re.compile(
    "[µΩªº]|(?<!\\w)μ(?=[AFLVWgms])|[ΔδΣΠ](?=[A-Za-z](?![a-z]))|(?<![Ͱ-Ͽ])[α-ωΑ-Ω](?![Ͱ-Ͽ])|[ʰ-ˡᴬ-ᵪⁱⁿₐ-ₜℂℕℚℝℤ]"
)
"""A letter by Unicode that stands for a unit, an angle, an exponent."""
_MAX_PASSES = 3
"""Over a text: what one rule says may stand where another, before it, would have taken it."""
_MIN_ENGLISH_LETTERS = 0.9
"""The least share of English letters; below, a text is in another language or script."""
_MAX_ACCENTED = 2
"""Accented letters of a short text that are no sign of another language, as in `Beyoncé, 42`."""

RULES = (
    *(
        *SPACED,
        *INSTANTS,
        *SLASHED_DATES,
        *GAMES,
        *LAW,
        *NUMBERED,
        *SCRIPTURE,
        *PLACES,
        *PRIMES,
        *SPELLINGS,
        *COOKING,
        *LOGARITHMS,
        *CHEMISTRY,
        *CODES,
        *COMMANDS,
        *INFORMAL,
        *ADDRESSES,
        *GROUPED,
        *COMPARISONS,
        *POWERED,
        *MATHS,
        *FRACTIONS,
        *GLUED,
        *MONEY,
        *MEASURES,
        *LARGE,
        *DATES,
        *TIMES,
        *YEARS,
    ),
    *(*ABBREVIATIONS, *INITIALS, *SYMBOLS, *MIXED, *QUANTITIES, *LETTERS),
)


def normalize(text: str) -> str:
    """Return English `text` with figures, money, dates, abbreviations and addresses in words.

    Text in another script or language stays as it is. Doing it twice changes nothing more.
    """
    if not _is_english(text):
        return text
    for _ in range(_MAX_PASSES):
        seen = Seen(text)
        for each in RULES:
            if seen.fulfils(each.needs) and (said := each.apply(seen.text)) != seen.text:
                seen = Seen(said)
        said = _SPACES.sub(" ", seen.text)
        if said == text:
            break
        text = said
    return text


def _is_english(text: str) -> bool:
    letters = [char for char in _SIGN.sub("", text) if char.isalpha()]
    num_ascii = sum(map(str.isascii, letters))
    num_accented = sum("À" <= char <= "\u024f" for char in letters)
    if num_ascii + min(num_accented, _MAX_ACCENTED) < _MIN_ENGLISH_LETTERS * len(letters):
        return False
    return not is_other_language(text)
