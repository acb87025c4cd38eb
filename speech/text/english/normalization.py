"""Writes English text out in words, for a model that reads figures and abbreviations badly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

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
from speech.text.english.music import MUSIC
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
_MIN_LATIN_WORDS = 0.8
_MIN_LATIN_LETTERS = 0.7
"""The least shares of Latin words and letters where more than a tenth is in another script."""
_LAST_LATIN = "\u024f"
_LETTERS = re.compile(r"[^\W\d_]+")
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
        *MUSIC,
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


def normalize(text: str, context: str = "") -> str:
    """Return English `text` with figures, money, dates, abbreviations and addresses in words.

    Text in another script or language stays as it is; where `text` is too short to tell, the
    `context` that it stands in does. Doing it twice changes nothing more.
    """
    if not _is_english(text, context):
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


def _is_english(text: str, context: str = "") -> bool:
    plain = _SIGN.sub("", text)
    letters = [char for char in plain if char.isalpha()]
    latin = [char for char in letters if char <= _LAST_LATIN]
    num_ascii = sum(map(str.isascii, latin))
    num_accented = sum(char >= "À" for char in latin)
    if num_ascii + min(num_accented, _MAX_ACCENTED) < _MIN_ENGLISH_LETTERS * len(latin):
        return False
    if len(latin) < _MIN_ENGLISH_LETTERS * len(letters) and not _has_few_words_of(plain, letters):
        return False
    is_other = is_other_language(text)
    if is_other is None and context:
        return _is_english_context(context)
    return not is_other


@lru_cache(maxsize=1)  # the turns of a dialogue have the same
def _is_english_context(context: str) -> bool:
    return _is_english(context)


def _has_few_words_of(text: str, letters: Sequence[str]) -> bool:
    """Tell whether `text` is in Latin letters but for a few words in another script."""
    words = _LETTERS.findall(text)
    num_latin = sum(word[0] <= _LAST_LATIN for word in words)
    num_letters = sum(char <= _LAST_LATIN for char in letters)
    return num_latin >= _MIN_LATIN_WORDS * len(words) and num_letters >= _MIN_LATIN_LETTERS * len(
        letters
    )
