"""Fractions, ranges and plain numbers."""

from __future__ import annotations

import re

from speech.text.english.figures import FIGURES, MINUS, NUMBER, START, cardinal, number, ordinal
from speech.text.english.rule import Rule, rule

_VULGAR = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5),
    "⅗": (3, 5), "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8),
    "⅞": (7, 8),
}  # fmt: skip
_FRACTIONS_OF = frozenset({2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 20, 32, 50, 64, 100, 1000})


def _fraction(above: int, below: int) -> str:
    if below == 2:
        name = "half" if above == 1 else "halves"
    elif below == 4:
        name = "quarter" if above == 1 else "quarters"
    else:
        name = ordinal(str(below)) + "s" * (above != 1)
    return f"{cardinal(str(above))} {name}"


def _written_fraction(match: re.Match[str]) -> str | None:
    above, below = int(match["above"]), int(match["below"])
    if below not in _FRACTIONS_OF or not 0 < above < below:
        return None
    fraction = _fraction(above, below)
    return _mixed(match["whole"], fraction) if match["whole"] else fraction


def _vulgar_fraction(match: re.Match[str]) -> str:
    fraction = _fraction(*_VULGAR[match["vulgar"]])
    before = " " * match.string[max(0, match.start() - 1) : match.start()].isalnum()
    after = " " * match.string[match.end() : match.end() + 1].isalnum()
    return before + (_mixed(match["whole"], fraction) if match["whole"] else fraction) + after


def _mixed(whole: str, fraction: str) -> str:
    """Return `three and a half`."""
    said = f"{cardinal(whole)} and {fraction}"
    return said.replace("and one half", "and a half").replace("and one quarter", "and a quarter")


_IN_RANGE = r"(?:\d{1,3}(?:,\d{3})+|\d{1,4})"
_LARGE = {"k": "thousand", "M": "million", "mn": "million", "bn": "billion", "tn": "trillion"}
_POWERS = {"2": "squared", "3": "cubed", "²": "squared", "³": "cubed"}


def _ungrouped(match: re.Match[str]) -> str:
    return re.sub(r"\D", "", match[0])


def _power(match: re.Match[str]) -> str:
    exponent = match["exponent"].replace("−", "-")
    if exponent in _POWERS:
        return f"{match['base']} {_POWERS[exponent]}"
    minus = "minus " * exponent.startswith("-")
    return f"{match['base']} to the power of {minus}{cardinal(exponent.lstrip('+-'))}"


def _scientific(match: re.Match[str]) -> str:
    minus = "minus " * (match["sign"] == "-")
    power = f"ten to the power of {minus}{cardinal(match['exponent'])}"
    return f"{number(match['amount'])} times {power}"


def _slashed(match: re.Match[str]) -> str:
    """Return `nine eleven`, `fifty fifty` or `one hundred and twenty over eighty`."""
    left, right = match["left"], match["right"]
    is_day = max(len(left), len(right)) <= 2 and int(left) <= 12 and int(right) <= 31
    between = " " if is_day or left == right or (left, right) == ("24", "7") else " over "
    return f"{cardinal(left)}{between}{cardinal(right)}"


def _plain_number(match: re.Match[str]) -> str:
    return ("minus " if match["minus"] else "") + number(match["amount"])


def _left_over(match: re.Match[str]) -> str:
    text, start, end = match.string, match.start(), match.end()
    before = " " * (start > 0 and (text[start - 1].isalnum() or text[start - 1] in ".,;:!?"))
    return f"{before}{cardinal(match[0])}{' ' * text[end : end + 1].isalnum()}"


GROUPED: tuple[Rule, ...] = (
    rule(
        r"(?<![\w.,:/+-])(?:[1-9]\d?(?:\s\d{3}){2,}|[1-9]\d{0,2}(?:[\u00a0\u202f\u2009]\d{3})+)(?![\w-]|\s\d)",
        _ungrouped,
    ),
    rule(r"(?<![\w.,:/+'’-])[1-9]\d{0,2}(?:['’]\d{3})+(?![\w'’])", _ungrouped),
    rule(r"(?<![\w.,:/+-])[1-9]\d{0,2}(?:\.\d{3}){2}(?![\w-]|\.\d|,\d)", _ungrouped),
)
"""Thousands that are grouped by spaces, apostrophes or points."""

FRACTIONS: tuple[Rule, ...] = (
    rule(r"(?:(?<!\d)(?P<whole>\d+)\s?)?(?P<vulgar>[" + "".join(_VULGAR) + "])", _vulgar_fraction),
    rule(
        rf"{START}(?:(?P<whole>\d+)[\s-])?(?P<above>\d{{1,3}})/(?P<below>\d{{1,4}})(?:(?:rd|th)s?)?"
        r"(?![\w/])",
        _written_fraction,
    ),
    rule(
        r"(?<![\w.,])(?P<amount>\d{1,9}(?:\.\d{1,9})?)[eE](?P<sign>[+-])?(?P<exponent>\d{1,3})(?!\w)",
        _scientific,
    ),
    rule(r"(?<=\d)\s?[x×·]\s?(?=10\^)", " times "),
    rule(
        r"(?<![A-Za-z])(?P<base>[a-z]|\d{1,15}|(?<=[a-z\d])\))(?:\^(?P<exponent>[-−]?\d{1,3}))(?!\w)",
        _power,
    ),
)
"""Fractions and powers, before their marks are dropped."""

QUANTITIES: tuple[Rule, ...] = (
    rule(r"(?P<base>(?<![A-Za-z])[a-zA-Z]|\d)(?P<exponent>[²³])(?![^\W\d])", _power),
    rule(
        r"(?<=\d)(?P<end>st|nd|rd|th)\s?[-–—]\s?(?=\d+(?:st|nd|rd|th)\b)",
        lambda m: f"{m['end']} to ",
    ),
    rule(
        rf"{START}(?P<amount>{FIGURES})(?P<end>st|nd|rd|th)\b",
        lambda match: ordinal(match["amount"]),
        re.IGNORECASE,
    ),
    rule(r"(?<=\d)\s[-–−]\s(?=\d[\d.,]{0,15}\s?equals)", " minus "),
    rule(
        rf"{START}(?P<low>{_IN_RANGE})\s?[-–]\s?(?P<high>{_IN_RANGE})(?![\w-]|[.,]\d)",
        lambda match: f"{number(match['low'])} to {number(match['high'])}",
    ),
    rule(r"(?<![\w.,:/])(?P<left>\d+)/(?P<right>\d+)(?![\w/])", _slashed),
    rule(r"(?<=\d)/(?=\d)", " slash "),
    rule(
        r"(?<![\w.])\d+(?:\.\d+){2,}(?![\w.]\d)",  # a version, an address
        lambda match: " point ".join(cardinal(part) for part in match[0].split(".")),
    ),
    rule(rf"{MINUS}(?<![\w.,])(?P<amount>{NUMBER}|\.\d+)(?!\d)", _plain_number),
    rule(r"(?<!\[S)\d+", _left_over),
    rule(r"(?<=[^\W\d])/(?=[^\W\d])", " "),
)
"""Numbers of any other kind; in the end what is left of figures, speaker tags aside."""

LARGE: tuple[Rule, ...] = (
    rule(
        rf"{START}(?P<amount>{NUMBER})\s?(?P<scale>{'|'.join(_LARGE)})\b(?![-/])",
        lambda m: f"{number(m['amount'])} {_LARGE[m['scale']]}",
    ),
    rule(rf"{START}(?P<amount>\d+\.\d+)B\b", lambda m: f"{number(m['amount'])} billion"),
)
"""Numbers such as `10k` and `1.2M`."""
