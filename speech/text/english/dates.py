"""Dates and years."""

from __future__ import annotations

import re
from math import gcd

from speech.text.english.figures import (
    UNJOINED,
    YEAR,
    cardinal,
    ordinal,
    year,
)
from speech.text.english.rule import Rule, alternatives, listed, rule
from speech.text.english.sentences import stop_after, word_before

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_SHORT_MONTHS = {month[:3]: month for month in MONTHS if month != "May"} | {"Sept": "September"}
_DAYS = {
    "Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Weds": "Wednesday",
    "Thu": "Thursday", "Thur": "Thursday", "Thurs": "Thursday", "Fri": "Friday",
    "Sat": "Saturday", "Sun": "Sunday",
}  # fmt: skip
_COMMON_PARTS = frozenset({2, 3, 4, 5, 8, 10, 16})
_HAPPENS = frozenset(
    listed(
        "arrive arrives arrived back began begin begins born closed closes delivered due ended "
        "ends expire expires launch launches leave leaves leaving meet meeting opens posted "
        "released scheduled sent ship shipped ships start started starts"
    )
)
"""Before the `on` of a day in figures, which else may be a part."""
_AT = re.compile(r"\s(?:@|at)\s\d")
_DATED = frozenset({"on", "dated", "due", "born", "until", "since"})
_LIVES = {"b": "born", "d": "died", "r": "reigned", "fl": "flourished"}
_ANY_SHORT_DAY = alternatives(list(_DAYS))
_ANY_SHORT_MONTH = alternatives(list(_SHORT_MONTHS))
_ANY_MONTH = rf"(?:{alternatives([*MONTHS, *_SHORT_MONTHS])})\b"
_NAMED_MONTH = rf"(?P<month>{alternatives([*MONTHS, *_SHORT_MONTHS])})\b"
_ANY_DAY = r"(?:[12]\d|3[01]|0?[1-9])"
_DAY = (
    rf"(?P<day>{_ANY_DAY})(?:st|nd|rd|th)?"
    rf"(?:\s?[-–—]\s?(?P<upto>{_ANY_DAY})(?!\d)(?:st|nd|rd|th)?)?"
)


def _month(name: str) -> str:
    return _SHORT_MONTHS.get(name, name)


def _day_of_month(match: re.Match[str]) -> str:
    said = f"{_month(match['month'])} {ordinal(match['day'])}{_upto_day(match)}"
    return f"{said}, {year(match['year'])}" if match["year"] else said


def _day_before_month(match: re.Match[str]) -> str:
    the = "" if match["the"] else "the "
    days = f"{ordinal(match['day'])}{_upto_day(match)}"
    said = f"{match['the'] or ''}{the}{days} of {_month(match['month'])}"
    if match["year"]:
        return f"{said} {year(match['year'])}"
    if not match["stop"]:
        return said
    return said + ("." if match["month"] in MONTHS else stop_after(match))


def _upto_day(match: re.Match[str]) -> str:
    return f" to {ordinal(match['upto'])}" if match["upto"] else ""


def _numeric_date(match: re.Match[str]) -> str | None:
    first, second, figures = int(match["first"]), int(match["second"]), match["year"]
    month, day = (first, second) if first <= 12 else (second, first)
    return _date(month, day, _full_year(figures))


def _named_date(match: re.Match[str]) -> str | None:
    return _date(int(match["month"]), int(match["day"]), match["year"])


def _dashed_date(match: re.Match[str]) -> str | None:
    month = 1 + MONTHS.index(_month(match["month"]))
    return _date(month, int(match["day"]), _full_year(match["year"]))


def _day_and_month(match: re.Match[str]) -> str | None:
    """Return `January first` for `1-Jan`; in `May 1-Jun` two months have a span between."""
    if _month(word_before(match)) in MONTHS:
        return None
    return f"{_month(match['month'])} {ordinal(match['day'])}"


def _dotted_date(match: re.Match[str]) -> str | None:
    """Return the day of `on 15.3.24` and of `15.03.24`; elsewhere that may be a version."""
    month, day = match["month"], match["day"]
    is_padded = len(day) == 2 and len(month) == 2 and "0" in (day[0], month[0])
    is_day = int(day) > 12 or int(match["year"]) > 20
    if not is_padded and not (is_day and word_before(match).lower() in _DATED):
        return None
    return _date(int(month), int(day), _full_year(match["year"]))


def _full_year(figures: str) -> str:
    if len(figures) == 4:
        return figures
    return ("20" if int(figures) < 50 else "19") + figures


def _date(month: int, day: int, figures: str) -> str | None:
    """Return `May fifth, twenty twelve`; None where there is no such day."""
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{MONTHS[month - 1]} {ordinal(str(day))}, {year(figures)}"


def _day_in_figures(match: re.Match[str]) -> str | None:
    """Return `on five nine` for `on 5/9`; what is as likely a part, such as `on 3/4`, stays."""
    month, day = int(match["month"]), int(match["day"])
    is_part = (
        match["month"][0] != "0" and day in _COMMON_PARTS and month < day and gcd(month, day) == 1
    )
    is_part = is_part and not _AT.match(match.string, match.end())
    if is_part and word_before(match).lower() not in _HAPPENS:
        return None
    return f"{match['before']}{cardinal(str(month))} {cardinal(str(day))}"


def _span(match: re.Match[str]) -> str | None:
    """Return `December twenty third to January second` for `12/23-1/2`; None for two parts."""
    ends = ((match["month"], match["day"]), (match["end"], match["last"]))
    if all(int(day) in _COMMON_PARTS and int(month) < int(day) for month, day in ends):
        return None
    return " to ".join(f"{MONTHS[int(month) - 1]} {ordinal(day)}" for month, day in ends)


def _short_day(match: re.Match[str]) -> str:
    return _DAYS[match["day"]] + (stop_after(match) if match["stop"] else "")


def _month_with_stop(match: re.Match[str]) -> str:
    return _month(match["month"]) + stop_after(match)


SLASHED_DATES: tuple[Rule, ...] = (
    rule(
        r"(?P<before>\b(?:[Bb]y|[Oo]n|[Uu]ntil|[Tt]ill|[Bb]efore|[Aa]fter|[Ss]ince|[Dd]ue)\s)(?!24/7(?!\d))(?P<day>1[3-9]|2\d|3[01])/(?P<month>1[0-2]|0?[1-9])(?![\w/\"”″-]|\.\d)",
        lambda m: f"{m['before']}the {ordinal(m['day'])} of {MONTHS[int(m['month']) - 1]}",
    ),
    rule(r"(?<![\w.])(?:ca?\.\s?(?=\d|AD\s\d)|ca\s(?=[1-9]\d{2,3}(?![\w-]|[.,]\d)))", "circa "),
    rule(
        rf"(?P<before>\b[Ww]eek\sof\s)(?P<month>1[0-2]|0?[1-9])/(?P<day>{_ANY_DAY})(?![\w/]|\.\d)",
        lambda m: f"{m['before']}{MONTHS[int(m['month']) - 1]} {ordinal(m['day'])}",
    ),
    rule(
        r"(?<![\w.,/$£€-])(?P<month>0[1-9]|1[0-2]|[2-9](?=/20[12]\d))/(?P<year>19\d\d|20\d\d)(?![\w/-]|[.,]\d)",
        lambda m: f"{MONTHS[int(m['month']) - 1]} {year(m['year'])}",
    ),
    rule(
        rf"\b(?P<name>{alternatives([*_DAYS, *_DAYS.values()])})\.?(?P<comma>,?\s\(?)"
        rf"(?P<month>1[0-2]|0?[1-9])/(?P<day>{_ANY_DAY})(?![\w/]|\.\d)",
        lambda m: (
            f"{_DAYS.get(m['name'], m['name'])}{m['comma']}{MONTHS[int(m['month']) - 1]} "
            f"{ordinal(m['day'])}"
        ),
    ),
    rule(
        rf"(?<![\w.,:/$£€-])(?P<month>1[0-2]|0?[1-9])/(?P<day>{_ANY_DAY})\s?[-–]\s?"
        rf"(?P<end>1[0-2]|0?[1-9])/(?P<last>{_ANY_DAY})(?![\w/\"”″-]|\.\d)",
        _span,
    ),
    rule(
        rf"(?P<before>\b(?:[Oo]n|[Dd]ue|[Ss]ince)\s)(?P<month>1[0-2]|0?[1-9])/(?P<day>{_ANY_DAY})"
        r"(?![\w/\"”″-]|\.\d|\s(?:of|an?|inch|mile|time|cup|acre)\b)",
        _day_in_figures,
    ),
)
"""Days of a month in figures without a year, which else would be fractions."""

DATES: tuple[Rule, ...] = (
    rule(
        rf"{UNJOINED}(?P<date>\d{{1,2}}/\d{{1,2}}/\d{{2,4}})\s?[-–—]\s?(?=\d{{1,2}}/\d{{1,2}}/\d{{2}})",
        lambda m: f"{m['date']} to ",
    ),
    rule(
        r"(?<=\()(?P<life>b|d|r|fl)\.\s?(?=(?:c\.\s?|circa\s)?\d{3,4}\b)",
        lambda m: f"{_LIVES[m['life']]} ",
    ),
    rule(
        r"(?:(?<=\()|(?<=[A-Za-z\d)][,;]\s))(?P<life>[bdr])\."
        rf"(?=\s(?:(?:c\.\s?|circa\s)?(?:1[1-9]|20)\d\d\b|{_ANY_MONTH}\.?\s\d|{_ANY_DAY}\s{_ANY_MONTH}))",
        lambda m: _LIVES[m["life"]],
    ),
    rule(
        rf"(?<=[a-z]\s)(?P<life>[bd])\.(?=\s{_ANY_DAY}\s{_ANY_MONTH}\s\d{{4}}\b)",
        lambda m: _LIVES[m["life"]],
    ),
    rule(
        r"(?P<century>\d(?:st|nd|rd|th))[\s-][cC]\.",
        lambda m: f"{m['century']} century{stop_after(m)}",
    ),
    rule(
        rf"{UNJOINED}(?P<day>{_ANY_DAY})(?P<mark>[-/])(?P<month>{_ANY_SHORT_MONTH})(?P=mark)"
        r"(?P<year>(?:1\d|20)\d\d|\d\d)(?!\w)",
        _dashed_date,
    ),
    rule(
        rf"\b(?P<first>{_ANY_SHORT_DAY})\.?(?P<mark>\s?(?:&|/|and|or)\s?)(?P<day>{_ANY_SHORT_DAY})\b(?P<stop>\.)?",
        lambda m: f"{_DAYS[m['first']]} {'or' if 'or' in m['mark'] else 'and'} {_short_day(m)}",
    ),
    rule(r"(?<=[A-Z]{3})['’](?=\d\d(?!\w))", " "),
    rule(
        rf"(?P<month>\b{_ANY_MONTH}\.?)\s?[-–—]\s?(?=(?:{_ANY_SHORT_DAY})\.?\s{_ANY_DAY}\s{_ANY_MONTH})",
        lambda match: f"{match['month']} to ",
    ),
    rule(
        rf"(?<![-–—])(?P<day>\b(?:{_ANY_SHORT_DAY}))\.?(?P<comma>,?)\s(?={_ANY_MONTH}|{_ANY_DAY}"
        rf"(?:(?:st|nd|rd|th)\b|\s{_ANY_MONTH}|[:/]\d|\s?[-–—]\s?\d|\s?[ap]\.?\s?m\b))",
        lambda match: f"{_DAYS[match['day']]}{match['comma']} ",
    ),
    rule(r"\bM(?:\s?[-–]\s?|\sto\s)F(?=[\s,:]{1,2}\d|\sfrom\s\d)", "Monday to Friday"),
    rule(
        rf"{UNJOINED}(?P<day>{_ANY_DAY})-(?P<month>{_ANY_SHORT_MONTH})(?![\w-]|\.?\s(?!\d{{4}}\b)\d)",
        _day_and_month,
    ),
    rule(rf"(?<=\d)\s?[-–—]\s?(?={_ANY_MONTH})", " to "),
    rule(
        rf"(?P<month>\b{_ANY_MONTH}\.?)\s?[-–—]\s?(?={_ANY_DAY}\s{_ANY_MONTH})",
        lambda match: f"{match['month']} to ",
    ),
    rule(
        rf"\b(?P<month>{_ANY_SHORT_MONTH})\s(?=(?:['’]\d\d|1[1-9]\d\d|20\d\d)(?![\w'’]|[.,:/]\d))",
        lambda m: f"{_month(m['month'])} ",
    ),
    rule(r"(?<![\w'’])['’](?=0[1-9](?![\w'’]))", "oh "),
    rule(r"(?<=\boh\s)0(?=\d\b)", ""),
    rule(
        rf"{UNJOINED}(?P<year>\d{{4}})(?P<mark>[-/.])(?P<month>\d\d)(?P=mark)(?P<day>\d\d)(?![\w/-])",
        _named_date,
    ),
    rule(
        rf"{UNJOINED}(?P<first>\d{{1,2}})(?P<mark>[/-])(?P<second>\d{{1,2}})(?P=mark)"
        r"(?P<year>(?:1\d|20)\d\d|\d\d)(?![\w/-])",
        _numeric_date,
    ),
    rule(
        rf"{UNJOINED}(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.{YEAR}(?![\w-]|\.\d)",
        _named_date,
    ),
    rule(
        rf"{UNJOINED}(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.(?P<year>\d\d)(?![\w-]|\.\d)",
        _dotted_date,
    ),
    rule(
        rf"\b(?P<first>{_ANY_SHORT_DAY})\.?\s?[-–—]\s?(?P<day>{_ANY_SHORT_DAY})\b(?P<stop>\.)?",
        lambda match: f"{_DAYS[match['first']]} to {_short_day(match)}",
    ),
    rule(
        rf"\b(?P<first>{_ANY_SHORT_MONTH})\.?\s?[-–—]\s?(?={_ANY_SHORT_MONTH}\b)",
        lambda match: f"{_month(match['first'])} to ",
    ),
    rule(rf"\b{_NAMED_MONTH}\.?\s{_DAY}(?:,?\s{YEAR})?(?![\w:]|[.,/]\d)", _day_of_month),
    rule(
        rf"{UNJOINED}(?P<the>the\s)?{_DAY}\s{_NAMED_MONTH}(?P<stop>\.)?(?:,?\s{YEAR}\b)?",
        _day_before_month,
    ),
    rule(rf"\b(?P<month>{_ANY_SHORT_MONTH})\.(?=\s\d|,?\s[a-z])", lambda m: _month(m["month"])),
    rule(
        rf"(?<=\bto\s)(?P<month>{_ANY_SHORT_MONTH})\b(?:\.(?=[,;)]))?", lambda m: _month(m["month"])
    ),
    rule(rf"\b(?!Jan)(?P<month>{_ANY_SHORT_MONTH})\.(?=[\W\d]|$)", _month_with_stop),
    rule(
        rf"\b(?P<day>{_ANY_SHORT_DAY})(?=\s(?:(?:morning|afternoon|evening|night)s?\b|closed(?:[.,;:)]|\s?$)))",
        lambda m: _DAYS[m["day"]],
    ),
    rule(r"(?P<closed>\b[Cc]losed\s(?:on\s)?)Sun(?!\w)", lambda m: f"{m['closed']}Sunday"),
    rule(rf"\b(?P<day>{_ANY_SHORT_DAY})(?P<stop>\.)(?=[\W\d]|$)", _short_day),
)
"""Days of the week, days of the month and months."""
