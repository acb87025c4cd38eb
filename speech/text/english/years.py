"""Years, spans of them, and decades."""

from __future__ import annotations

import re

from speech.text.english.figures import UNJOINED, YEAR, cardinal, plural, two_figures, year
from speech.text.english.initials import spell
from speech.text.english.rule import Rule, rule


def _upto_year(match: re.Match[str]) -> str:
    """Return `twenty nineteen to twenty` for `2019-20`; `2019/20` needs no word between."""
    between = " " if match["mark"] == "/" else " to "
    return f"{year(match['low'])}{between}{two_figures(match['high'])}"


def _later_years(match: re.Match[str]) -> str | None:
    """Return the years of `2019-20`; what is no later year may be a month, as in `2024-05`."""
    is_old = match["low"] < "1800"
    if int(match["high"]) > int(match["low"][2:]) and not (is_old and match["mark"] == "/"):
        return _upto_year(match)
    if is_old or not 1 <= int(match["high"]) <= 12:
        return None
    between = " slash " if match["mark"] == "/" else " "
    return f"{year(match['low'])}{between}{two_figures(match['high'])}"


def _decade(match: re.Match[str]) -> str:
    if not match["century"] and match["decade"] == "0":
        return "two thousands"
    figures = (
        match["century"] + match["decade"] + "0" if match["century"] else match["decade"] + "0"
    )
    return plural(year(figures) if match["century"] else cardinal(figures))


YEARS: tuple[Rule, ...] = (
    rule(rf"{UNJOINED}(?P<year>199\d|20\d\d)/(?=20\d\d(?![\w/]))", lambda m: f"{m['year']} to "),
    rule(r"(?<=\d{4})\s?[-–—]\s?(?=(?:[Pp]resent|[Nn]ow|[Tt]oday)\b)", " to "),
    rule(r"(?<=\d0s)\s?[-–—]\s?(?=['’]?\d{1,3}0s\b)", " to "),
    rule(r"(?<![\w.,])['’‘]?(?P<century>1\d|20)?(?P<decade>\d)0['’]?s\b", _decade),
    rule(
        rf"{UNJOINED}(?P<low>1[1-9]\d\d|20\d\d|10\d[1-9])\s?[-–—]\s?(?P<high>1[1-9]\d\d|20\d\d)(?![\w-])",
        lambda match: f"{year(match['low'])} to {year(match['high'])}",
    ),
    rule(
        rf"{UNJOINED}(?P<low>1[1-9]\d\d|20\d\d)(?P<mark>[-–/])(?P<high>\d\d)(?![\w/-]|[.,]\d)",
        _later_years,
    ),
    rule(
        rf"(?:{UNJOINED}|(?<=\b(?:mid|pre)-)|(?<=\bpost-)|(?<=\bearly-)){YEAR}"
        r"(?![\w%°-]|[.,/:]\d|\s?[kmc]?[mg]\b)",
        lambda match: year(match["year"]),
    ),
    rule(
        r"(?<=\b(?:in|of|by)\s)(?P<year>10\d\d|2[1-4]\d\d)(?=[.,;:!?)]?\s*$|[.,;:!?)]\s|\s(?:and|was|when|by|the|he|she)\b)",
        lambda match: year(match["year"]),
        re.IGNORECASE,
    ),
    rule(
        rf"{UNJOINED}(?P<before>10\d\d)(?=\s(?:A\.?D|B\.?C|C\.?E)\b)"
        r"|(?:(?<=\bAD\s)|(?<=\bA\.D\.\s))(?P<behind>10\d\d)(?![\w-]|[.,]\d)",
        lambda m: year(m["before"] or m["behind"]),
    ),
    rule(r"(?<![\w'’])['’](?=\d\d(?![\w'’]|[.,]\d))", ""),
    rule(
        r"(?<=[A-Za-z,.)]\s)(?P<year>1[89]\d\d|20[0-3]\d)(?P<letter>[a-d])(?=[,;.)\s])"
        r"|(?<=\()(?P<first>1[89]\d\d|20[0-3]\d)(?P<second>[a-d])(?=[,;.)])",
        lambda m: f"{year(m['year'] or m['first'])} {spell(m['letter'] or m['second'])}",
    ),
    rule(r"(?<=\d\s(?:BC|AD|CE))\s?[-–—]\s?(?=\d|AD\s\d)|(?<=\d\sBCE)\s?[-–—]\s?(?=\d)", " to "),
    rule(r"(?=[\s–—-])(?:(?<=\bAD\s\d{2})|(?<=\bAD\s\d{3}))\s?[-–—]\s?(?=\d)", " to "),
)
"""Decades and years: four figures from 1100 to 2099 are said in pairs."""
