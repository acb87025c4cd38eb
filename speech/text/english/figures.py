"""Numbers in English words."""

from __future__ import annotations

from num2words import num2words

from speech.text.english.rule import listed

FIGURES = r"(?:\d{1,2}(?:,\d\d)+,\d{3}(?!,?\d)|\d{1,3}(?:,\d{3})+|\d+)"
NUMBER = rf"{FIGURES}(?:\.\d+)?"
START = r"(?<![\w.,:/$£€¥₹])"
"""Patterns of a whole number, of one with or without a fraction, and of where one may begin."""
UNJOINED = r"(?<![\w.,/$£€-])"
"""Pattern of where figures may begin that have marks between them, such as those of a date."""
YEAR = r"(?P<year>1[1-9]\d\d|20\d\d)"
"""Pattern of a year that is likely to be meant as one."""
MINUS = r"(?P<minus>(?<![^\s(\[\"“'‘])[-−])?"
UPTO = rf"(?:\s?[-–—]\s?(?P<upto>{NUMBER}))?"
"""Patterns of a sign and of the end of a range."""

SPELLED_NUMBERS = listed(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety "
    "hundred thousand million billion"
)
"""The words that a number may end with."""

_MIN_NAME_DIGITS = 10  # without commas: of a card, a telephone, a book
_MAX_DIGITS = 15  # more are read one by one: nobody says them as a number
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def cardinal(figures: str) -> str:
    """Return `1,250` as `one thousand two hundred and fifty`; long or padded figures digit-wise."""
    is_name = len(figures) >= _MIN_NAME_DIGITS and figures.isdigit() and figures[-3:] != "000"
    figures = figures.replace(",", "")
    if is_name or len(figures) > _MAX_DIGITS or (figures[0] == "0" and len(figures) > 1):
        return digits(figures)
    return _plain(num2words(int(figures)))


def ordinal(figures: str) -> str:
    """Return `21` as `twenty first`."""
    figures = figures.replace(",", "")
    return _plain(num2words(int(figures[:_MAX_DIGITS]), to="ordinal"))


def digits(figures: str) -> str:
    """Return `286` as `two eight six`."""
    return " ".join(_DIGITS[int(digit)] for digit in figures if digit.isdigit())


def number(figures: str) -> str:
    """Return figures with or without a fraction in words, such as `three point one four`."""
    whole, point, fraction = figures.partition(".")
    said = cardinal(whole) if whole else "zero"
    return f"{said} point {digits(fraction)}" if point and fraction else said


def year(figures: str) -> str:
    """Return `1998` as `nineteen ninety eight`, `2005` as `two thousand and five`."""
    century, rest = int(figures[:-2]), int(figures[-2:])
    if century % 10 == 0 and rest < 10:
        return cardinal(figures)
    if rest == 0:
        return f"{cardinal(str(century))} hundred"
    return f"{cardinal(str(century))} {two_figures(figures[-2:])}"


def two_figures(figures: str) -> str:
    """Return two figures as in a year or a time: `06` as `oh six`, `12` as `twelve`."""
    return f"{'oh ' * (figures[0] == '0')}{cardinal(str(int(figures)))}"


def in_pairs(figures: str) -> str:
    """Return what a name has three or four figures for, such as `seven forty seven` for `747`."""
    if len(figures) == 4:
        return year(figures)
    if len(figures) != 3 or figures.endswith("00"):
        return cardinal(figures)
    return f"{cardinal(figures[0])} {two_figures(figures[1:])}"


def plural(words: str) -> str:
    """Return the plural of a number's last word, such as `nineties` or `sixes`."""
    if words.endswith("y"):
        return f"{words[:-1]}ies"
    return f"{words}es" if words.endswith(("x", "ss", "ch")) else f"{words}s"


def _plain(words: str) -> str:
    return words.replace(",", "").replace("-", " ")
