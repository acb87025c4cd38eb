"""Dates, years and times of day."""

from __future__ import annotations

import re

from speech.text.english.figures import (
    UNJOINED,
    cardinal,
    digits,
    number,
    ordinal,
    plural,
    year,
)
from speech.text.english.rule import Rule, alternatives, rule
from speech.text.english.sentences import stop_after

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_SHORT_MONTHS = {month[:3]: month for month in MONTHS if month != "May"} | {"Sept": "September"}
_DAYS = {
    "Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday",
    "Thur": "Thursday", "Thurs": "Thursday", "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday",
}  # fmt: skip
_ANY_SHORT_DAY = alternatives(list(_DAYS))
_ANY_SHORT_MONTH = alternatives(list(_SHORT_MONTHS))
_MONTH = rf"(?P<month>{alternatives([*MONTHS, *_SHORT_MONTHS])})\b\.?"
_ANY_DAY = r"(?:[12]\d|3[01]|0?[1-9])"
_DAY = (
    rf"(?P<day>{_ANY_DAY})(?:st|nd|rd|th)?"
    rf"(?:\s?[-–—]\s?(?P<upto>{_ANY_DAY})(?!\d)(?:st|nd|rd|th)?)?"
)
_YEAR = r"(?P<year>1[1-9]\d\d|20\d\d)"
_ANY_TIME = r"(?:\d{1,2}[:]\d\d(?!\d)|\d{1,2}\s?[ap]\.?\s?m\b)"
_HALF_DAY = r"(?P<half>[ap])\.?\s?m\b(?P<stop>\.(?=\s+[A-Z]|\s*$)|\.)?"


def _month(name: str) -> str:
    return _SHORT_MONTHS.get(name, name)


def _day_of_month(match: re.Match[str]) -> str:
    said = f"{_month(match['month'])} {ordinal(match['day'])}{_upto_day(match)}"
    return f"{said}, {year(match['year'])}" if match["year"] else said


def _day_before_month(match: re.Match[str]) -> str:
    the = "" if match["the"] else "the "
    days = f"{ordinal(match['day'])}{_upto_day(match)}"
    said = f"{match['the'] or ''}{the}{days} of {_month(match['month'])}"
    return f"{said} {year(match['year'])}" if match["year"] else said


def _upto_day(match: re.Match[str]) -> str:
    return f" to {ordinal(match['upto'])}" if match["upto"] else ""


def _upto_year(match: re.Match[str]) -> str:
    """Return `twenty nineteen to twenty` for `2019-20`; `2019/20` needs no word between."""
    between = " " if match["mark"] == "/" else " to "
    high = match["high"]
    last = f"oh {cardinal(high[1])}" if high[0] == "0" else cardinal(high)
    return f"{year(match['low'])}{between}{last}"


def _later_years(match: re.Match[str]) -> str | None:
    return _upto_year(match) if int(match["high"]) > int(match["low"][2:]) else None


def _numeric_date(match: re.Match[str]) -> str | None:
    first, second, figures = int(match["first"]), int(match["second"]), match["year"]
    month, day = (first, second) if first <= 12 else (second, first)
    if len(figures) == 2:
        figures = ("20" if int(figures) < 50 else "19") + figures
    return _date(month, day, figures)


def _named_date(match: re.Match[str]) -> str | None:
    return _date(int(match["month"]), int(match["day"]), match["year"])


def _date(month: int, day: int, figures: str) -> str | None:
    """Return `May fifth, twenty twelve`; None where there is no such day."""
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{MONTHS[month - 1]} {ordinal(str(day))}, {year(figures)}"


def _time(match: re.Match[str]) -> str | None:
    hour, minute, second = int(match["hour"]), int(match["minute"]), match["second"]
    fraction = match["fraction"]
    if hour > 24 or minute > 59:
        return None
    said = cardinal(str(hour))
    if minute:
        said += f" {'oh ' * (minute < 10)}{cardinal(str(minute))}"
    elif not match["half"] and not second and not fraction:
        said += " o'clock" if hour <= 12 else " hundred"
    if fraction and not second:
        said += f" point {digits(fraction)}"
    if second:
        said += f" and {number('.'.join(filter(None, (str(int(second)), fraction))))} seconds"
    return said + _half_day(match)


def _hour(match: re.Match[str]) -> str:
    return cardinal(match["hour"]) + _half_day(match)


def _half_day(match: re.Match[str]) -> str:
    if not match["half"]:
        return ""
    ends = "." if match["stop"] and match.string[match.end() :].lstrip()[:1] in _ENDS else ""
    return f" {'ay' if match['half'].lower() == 'a' else 'pee'} em{ends}"


_ENDS = ("", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def _short_day(match: re.Match[str]) -> str:
    return _DAYS[match["day"]] + (stop_after(match) if match["stop"] else "")


def _month_with_stop(match: re.Match[str]) -> str:
    return _month(match["month"]) + stop_after(match)


def _decade(match: re.Match[str]) -> str:
    figures = (
        match["century"] + match["decade"] + "0" if match["century"] else match["decade"] + "0"
    )
    return plural(year(figures) if match["century"] else cardinal(figures))


def _verses(match: re.Match[str]) -> str:
    """Return `five three to twelve` for `5:3-12`; times such as `2:30-3` are read no other way."""
    first = cardinal(match["first"])
    if len(match["first"]) == 2 and match["first"][0] == "0":
        first = f"oh {first.rpartition(' ')[2]}"
    return f"{cardinal(match['chapter'])} {first} to {cardinal(match['last'])}"


INSTANTS: tuple[Rule, ...] = (
    rule(
        r"(?<=\d{4}-\d\d-\d\d)T(?=\d\d:\d\d)|(?<=\d:\d\d)(?:\.\d+)?Z(?!\w)",
        lambda match: " at " if match[0] == "T" else " you tee see",
    ),
)
"""What stands between and behind the parts of `2024-03-15T14:30Z`."""

DATES: tuple[Rule, ...] = (
    rule(
        rf"{UNJOINED}(?P<chapter>\d{{1,3}})[:](?P<first>\d{{1,3}})\s?[-–—]\s?(?P<last>\d{{1,3}})"
        r"(?![\w:-]|[.,]\d|\s?[ap]\.?\s?m\b)",
        _verses,
    ),
    rule(r"(?<![\w.])ca?\.\s?(?=\d)", "circa "),
    rule(
        rf"{UNJOINED}(?P<year>\d{{4}})(?P<mark>[-/])(?P<month>\d\d)(?P=mark)(?P<day>\d\d)(?![\w/-])",
        _named_date,
    ),
    rule(
        rf"{UNJOINED}(?P<first>\d{{1,2}})(?P<mark>[/-])(?P<second>\d{{1,2}})(?P=mark)"
        r"(?P<year>(?:1\d|20)\d\d|\d\d)(?![\w/-])",
        _numeric_date,
    ),
    rule(
        rf"{UNJOINED}(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.{_YEAR}(?![\w-]|\.\d)",
        _named_date,
    ),
    rule(
        rf"\b(?P<first>{_ANY_SHORT_DAY})\.?\s?[-–—]\s?(?P<day>{_ANY_SHORT_DAY})\b(?P<stop>\.)?",
        lambda match: f"{_DAYS[match['first']]} to {_short_day(match)}",
    ),
    rule(
        rf"\b(?P<first>{_ANY_SHORT_MONTH})\.?\s?[-–—]\s?(?={_ANY_SHORT_MONTH}\b)",
        lambda match: f"{_month(match['first'])} to ",
    ),
    rule(rf"\b{_MONTH}\s{_DAY}(?:,?\s{_YEAR})?(?![\w:]|[.,/]\d)", _day_of_month),
    rule(rf"{UNJOINED}(?P<the>the\s)?{_DAY}\s{_MONTH}(?:,?\s{_YEAR}\b)?", _day_before_month),
    rule(rf"\b(?P<month>{_ANY_SHORT_MONTH})\.(?=\s\d|,?\s[a-z])", lambda m: _month(m["month"])),
    rule(rf"(?<=\bto\s)(?P<month>{_ANY_SHORT_MONTH})\b", lambda m: _month(m["month"])),
    rule(rf"\b(?!Jan)(?P<month>{_ANY_SHORT_MONTH})\.(?=[\W\d]|$)", _month_with_stop),
    rule(rf"\b(?P<day>{_ANY_SHORT_DAY})(?P<stop>\.)(?=[\W\d]|$)", _short_day),
    rule(
        r"(?<![\w.,/$£€])(?P<hour>1[0-2]|[1-9])\.(?=[0-5]\d\s?[ap]\.?\s?m\b)",
        lambda match: f"{match['hour']}:",
        re.IGNORECASE,
    ),
    rule(
        rf"{UNJOINED}(?P<start>\d{{1,2}}(?:[:]\d\d)?(?:\s?[ap]\.?\s?m\b\.?)?)\s?[-–—]\s?(?={_ANY_TIME})",
        lambda match: f"{match['start']} to ",
        re.IGNORECASE,
    ),
    rule(
        rf"{UNJOINED}(?P<hour>\d{{1,2}})[:](?P<minute>\d\d)(?:[:](?P<second>\d\d))?(?!\d)"
        r"(?:\.(?P<fraction>\d{1,3})(?!\w))?"
        rf"(?:\s?{_HALF_DAY})?",
        _time,
        re.IGNORECASE,
    ),
    rule(rf"{UNJOINED}(?P<hour>1[0-2]|[1-9])\s?{_HALF_DAY}", _hour, re.IGNORECASE),
    rule(
        r"(?<![\w.,:])(?P<left>\d{1,3})[:](?P<right>\d{1,6})(?![\w:]|\.\d)",
        lambda match: f"{cardinal(match['left'])} to {cardinal(match['right'])}",
    ),
    rule(r"(?<![\w.,])['’]?(?P<century>1\d|20)?(?P<decade>\d)0['’]?s\b", _decade),
    rule(
        rf"{UNJOINED}(?P<low>1[1-9]\d\d|20\d\d)\s?[-–—]\s?(?P<high>1[1-9]\d\d|20\d\d)(?![\w-])",
        lambda match: f"{year(match['low'])} to {year(match['high'])}",
    ),
    rule(
        rf"{UNJOINED}(?P<low>1[89]\d\d|20\d\d)(?P<mark>[-–/])(?P<high>\d\d)(?![\w/-]|[.,]\d)",
        _later_years,
    ),
    rule(
        rf"(?:{UNJOINED}|(?<=\b(?:mid|pre)-)|(?<=\bpost-)|(?<=\bearly-)){_YEAR}"
        r"(?![\w%°-]|[.,/:]\d|\s?[kmc]?[mg]\b)",
        lambda match: year(match["year"]),
    ),
    rule(
        r"(?<=\b(?:in|of)\s)(?P<year>10\d\d)(?=[.,;:!?)]?\s*$|[.,;:!?)]\s|\s(?:and|was|when|by|the|he|she)\b)",
        lambda match: year(match["year"]),
        re.IGNORECASE,
    ),
    rule(r"(?<![\w'’])['’](?=\d\d(?![\w'’.,]))", ""),
)
"""Dates first, then what is left of years: four figures from 1100 to 2099 are said in pairs."""
