"""Fractions, ranges and plain numbers."""

from __future__ import annotations

import re

from speech.text.english.figures import (
    FIGURES,
    MINUS,
    NUMBER,
    START,
    cardinal,
    number,
    ordinal,
)
from speech.text.english.rule import Rule, alternatives, rule
from speech.text.english.sentences import stop_after
from speech.text.english.units import UNITS

_VULGAR = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5),
    "⅗": (3, 5), "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8),
    "⅞": (7, 8),
}  # fmt: skip
_VULGARS = "".join(_VULGAR)
_OF_A_WHOLE = re.compile(r"\s?(?:of|inch|miles?|seconds?|in|cups?|a|an)\b|[-\"”″]")
_POINTS = re.compile(r"\s(?:points?|stars?|marks?|questions?|correct|right|rating|complete|done)\b")
_BEAT = re.compile(r"\s(?:time|beat|meter|metre|rhythm|bar)\b")
_SEEN_CHARS = 12
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
    after = match.string[match.end() : match.end() + _SEEN_CHARS]
    if (above, below) == (6, 8) or (below in (4, 8) and not match["whole"] and _BEAT.match(after)):
        return f"{cardinal(match['above'])} {cardinal(match['below'])}"
    if not match["whole"] and _is_rating(match):
        return f"{cardinal(match['above'])} out of {cardinal(match['below'])}"
    if (not match["nth"] and below not in _FRACTIONS_OF) or not 0 < above < below:
        return None
    fraction = _fraction(above, below)
    return _mixed(match["whole"], fraction) if match["whole"] else fraction


def _is_rating(match: re.Match[str]) -> bool:
    """Tell whether a fraction is points out of those that may be had, as in `8/10`."""
    above, below = int(match["above"]), int(match["below"])
    if not match[0][-1].isdigit() or not 1 < above <= below:
        return False
    after = match.string[match.end() : match.end() + _SEEN_CHARS]
    if below in (10, 100):
        return not _OF_A_WHOLE.match(after)
    return below in (5, 20, 25, 30, 40, 50) and bool(_POINTS.match(after))


def _vulgar_fraction(match: re.Match[str]) -> str:
    fraction = _fraction(*_VULGAR[match["vulgar"]])
    before = " " * match.string[max(0, match.start() - 1) : match.start()].isalnum()
    after = " " * match.string[match.end() : match.end() + 1].isalnum()
    return before + (_mixed(match["whole"], fraction) if match["whole"] else fraction) + after


def _mixed(whole: str, fraction: str) -> str:
    """Return `three and a half`."""
    said = f"{cardinal(whole)} and {fraction}"
    return said.replace("and one half", "and a half").replace("and one quarter", "and a quarter")


_IN_RANGE = r"(?:\d{1,3}(?:,\d{3})+|\d{1,4}(?:\.\d{1,3})?)"
_LARGE = {"k": "thousand", "M": "million", "mn": "million", "bn": "billion", "tn": "trillion"}
_SCALE = "|".join(_LARGE)
_ABOUT = {
    "10": "tens", "100": "hundreds", "1000": "thousands", "10000": "tens of thousands",
    "100000": "hundreds of thousands",
}  # fmt: skip
_POWERS = {"2": "squared", "3": "cubed", "²": "squared", "³": "cubed"}


def _ungrouped(match: re.Match[str]) -> str:
    return f"{int(re.sub(r'[^0-9]', '', match[0])):,}"


def _with_point(match: re.Match[str]) -> str:
    """Return `1234.5` for `1.234,5`, as most of Europe writes it."""
    whole, _, part = match[0].partition(",")
    return f"{int(re.sub(r'[^0-9]', '', whole)):,}.{part}"


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
    is_split = left == right or int(left) + int(right) == 100 or (left, right) == ("24", "7")
    between = " " if is_day or is_split else " over "
    if left == "0":
        between = " out of "
    if match.string[match.end() : match.end() + _SEEN_CHARS].startswith(" equals"):
        between = " divided by "
    return f"{cardinal(left)}{between}{cardinal(right)}"


def _full_marks(match: re.Match[str]) -> str:
    return " out of ".join(map(cardinal, match[0].split("/")))


def _point(match: re.Match[str]) -> str:
    return " point" * match["amount"].endswith(".")


def _range(match: re.Match[str]) -> str:
    """Return `five to ten`; what makes a hundred is a split, such as `sixty forty`."""
    low, high = match["low"], match["high"]
    is_split = low.isdigit() and high.isdigit() and int(low) >= int(high) == 100 - int(low)
    is_split = is_split and int(high) % 5 == 0
    between = " " if is_split or match[0] in ("24-7", "20-20") else " to "
    return f"{number(low)}{between}{number(high)}"


def _plain_number(match: re.Match[str]) -> str:
    return ("minus " if match["minus"] else "") + number(match["amount"])


def _large(match: re.Match[str]) -> str:
    """Return `five to ten thousand` for `5-10k` and `5k-10k`."""
    low, scale = (_LARGE.get(match[each] or "", "") for each in ("low", "scale"))
    if not match["upto"]:
        return f"{number(match['amount'])} {scale}"
    first = [number(match["amount"]), low * (low != scale)]
    return " ".join(filter(None, [*first, "to", number(match["upto"]), scale]))


def _left_over(match: re.Match[str]) -> str:
    text, start, end = match.string, match.start(), match.end()
    before = " " * (start > 0 and (text[start - 1].isalnum() or text[start - 1] in ".,;:!?"))
    return f"{before}{cardinal(match[0])}{' ' * text[end : end + 1].isalnum()}"


GROUPED: tuple[Rule, ...] = (
    rule(
        r"(?P<between>\b[Bb]etween\s(?:\d{1,4}|\d{1,3}(?:,\d{3})+|\d{1,3}\.\d{1,2})%?)\s?[-–]\s?"
        r"(?=(?:\d{1,4}|\d{1,3}(?:,\d{3})+|\d{1,3}\.\d{1,2})(?!\d|[.,/:–-]\d))"
        r"|(?P<two>\b[Bb]etween\s[$£€]\d[\d.,]{0,12})\s?[-–]\s?(?=[$£€]\d[\d.,]{0,12}(?!\d|\s?[kmb]))",
        lambda m: f"{m['between'] or m['two']} and ",
    ),
    rule(rf"(?<![\w.,])\.(?=\d{{1,4}}\s?(?:{alternatives(list(UNITS))})(?!\w))", "0."),
    rule(r"(?<=\.\d\d),(?=[-−]\d{1,3}\.\d)|(?<=\.\d{4}),(?=[-−]\d{1,3}\.\d)", ", "),
    rule(
        r"(?<![\w.,:/+-])[1-9]\d{0,2}(?:(?:\.\d{3})+|(?:[ \u00a0\u202f]\d{3})+),\d{1,2}"
        r"(?![\w-]|[.,]\d)",
        _with_point,
    ),
    rule(
        rf"(?<![\w.,:/+-])(?P<whole>\d{{1,3}}),(?P<part>\d{{1,2}})(?=\s?(?:{alternatives(list(UNITS))})(?!\w))",
        lambda match: f"{match['whole']}.{match['part']}",
    ),
    rule(
        r"(?<![\w.,:/+-])(?:[1-9]\d?(?:\s\d{3}){2,}|[1-9]\d{0,2}[ ]000"
        r"|[1-9]\d{0,2}(?:[\u00a0\u202f\u2009]\d{3})+)(?![\w-]|\s\d)",
        _ungrouped,
    ),
    rule(
        r"(?<![\w.,:/+-])[1-9]\d{0,2}(?:(?:\.\d{3})+(?=\s?€)|(?:\s\d{3})+(?=\s?[€$£](?!\d)))",
        _ungrouped,
    ),
    rule(r"(?<=€)[1-9]\d{0,2}(?:\s\d{3})+(?![\w.,-])", _ungrouped),
    rule(r"(?<![\w.,:/+'’-])[1-9]\d{0,2}(?:['’]\d{3})+(?![\w'’])", _ungrouped),
    rule(r"(?<![\w.,:/+-])[1-9]\d{0,2}(?:\.\d{3}){2}(?![\w-]|\.\d|,\d)", _ungrouped),
)
"""Thousands that are grouped by spaces, apostrophes or points."""

FRACTIONS: tuple[Rule, ...] = (
    rule(
        rf"(?<=[\d{_VULGARS}])\s?[-–—]\s?(?=\d{{1,2}}[{_VULGARS}])|(?<=[{_VULGARS}])\s?[-–—]\s?(?=[\d{_VULGARS}])"
        r"|(?<=\b\d/\d)\s?[-–—]\s?(?=\d{1,2}/\d\b|\d{1,2}\s)",
        " to ",
    ),
    rule(r"(?:(?<!\d)(?P<whole>\d+)\s?)?(?P<vulgar>[" + _VULGARS + "])", _vulgar_fraction),
    rule(
        r"(?P<odds>\bodds\s(?:of|are|were|at)\s)(?P<first>\d{1,3})/(?P<second>\d{1,2})(?![\w/])",
        lambda match: f"{match['odds']}{cardinal(match['first'])} to {cardinal(match['second'])}",
    ),
    rule(
        r"(?<![\w.,/])1/(?P<below>\d{2,4})\s?(?:s|secs?|seconds?)(?![\w'’-])(?P<stop>\.(?!\w))?",
        lambda m: f"one {ordinal(m['below'])} of a second{stop_after(m) if m['stop'] else ''}",
    ),
    rule(r"(?<![\w/.,])10/10(?![\w/])|(?<![\w/.,])100/100(?![\w/])", _full_marks),
    rule(
        rf"{START}(?:(?P<whole>\d+)[\s–-])?(?P<above>\d{{1,3}})/(?P<below>\d{{1,4}})(?P<nth>(?:rd|th|nd|st)s?|s)?"
        r"(?![\w/])",
        _written_fraction,
    ),
    rule(
        r"(?<![\w.,])(?P<amount>\d{1,9}(?:\.\d{1,9})?)[eE](?P<sign>[+-])?(?P<exponent>\d{1,3})(?!\w)",
        _scientific,
    ),
    rule(r"(?<=\d)\s?[x×·]\s?(?=10\^)", " times "),
    rule(
        r"(?P<base>(?<![A-Za-z])(?:[a-z]|\d{1,15})|(?<=[a-z\d])\))(?:\^(?P<exponent>[-−]?\d{1,3}))(?!\w)",
        _power,
    ),
)
"""Fractions and powers, before their marks are dropped."""

QUANTITIES: tuple[Rule, ...] = (
    rule(r"(?P<base>(?<![A-Za-z]{3})[a-zA-Z]|\d)(?P<exponent>[²³])(?![^\W\d])", _power),
    rule(
        r"(?<=\d)(?P<end>st|nd|rd|th)\s?[-–—]\s?(?=\d+(?:st|nd|rd|th)\b)",
        lambda m: f"{m['end']} to ",
    ),
    rule(
        rf"{START}(?P<amount>{FIGURES}\.\d{{0,3}})(?P<last>\d)(?:st|nd|rd|th)\b",
        lambda m: f"{number(m['amount'].removesuffix('.'))}{_point(m)} {ordinal(m['last'])}",
    ),
    rule(
        rf"{START}(?P<amount>{FIGURES})(?P<end>st|nd|rd|th)\b",
        lambda match: ordinal(match["amount"]),
        re.IGNORECASE,
    ),
    rule(r"(?<=\d)\s[-–−]\s(?=\d[\d.,]{0,15}\s?equals)", " minus "),
    rule(
        rf"{START}(?<![A-Za-z]-)(?P<low>{_IN_RANGE})\s?[-–]\s?(?P<high>{_IN_RANGE})(?![\w-]|[.,]\d)",
        _range,
    ),
    rule(r"(?<![\w.,:/])(?P<left>\d+)/(?P<right>\d+)(?![\w/])", _slashed),
    rule(
        r"(?<![\w.,/])(?P<got>\d{1,2}\.\d{1,2})/(?P<all>5|10|20|100)(?![\w/]|[.,]\d)",
        lambda m: f"{number(m['got'])} out of {cardinal(m['all'])}",
    ),
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
        r"(?<![\w.,$£€])(?<!\b[Tt]he\s)(?P<about>100|1,?000)s(?![\w'’])",
        lambda m: _ABOUT[m["about"].replace(",", "")],
    ),
    rule(
        r"(?<![\w.,$£€])(?P<about>10|1(?:00|,?000|0,?000|00,?000))s(?=\sof\s)",
        lambda m: _ABOUT[m["about"].replace(",", "")],
    ),
    rule(
        rf"{START}(?P<amount>{NUMBER})(?:\s?(?P<low>{_SCALE})?\s?[-–—]\s?(?P<upto>{NUMBER}))?"
        rf"\s?(?P<scale>{_SCALE})\b(?![-/])",
        _large,
    ),
    rule(rf"{START}(?P<amount>\d+\.\d+)B\b", lambda m: f"{number(m['amount'])} billion"),
    rule(rf"{START}(?P<amount>\d+\.\d+)T\b", lambda m: f"{number(m['amount'])} trillion"),
)
"""Numbers such as `10k` and `1.2M`."""
