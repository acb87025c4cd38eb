"""Abbreviations."""

from __future__ import annotations

import re

from speech.text.english.initials import spell
from speech.text.english.roman import ROMAN_NUMERALS
from speech.text.english.rule import Rule, alternatives, rule
from speech.text.english.sentences import rest_of, stop_after

_TITLES = {
    "Dr": "Doctor", "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Messrs": "Messers",
    "Prof": "Professor", "Rev": "Reverend", "Hon": "Honorable", "Gen": "General", "Col": "Colonel",
    "Capt": "Captain", "Cmdr": "Commander", "Lt": "Lieutenant", "Maj": "Major", "Sgt": "Sergeant",
    "Cpl": "Corporal", "Gov": "Governor", "Sen": "Senator", "Rep": "Representative",
    "Pres": "President", "Supt": "Superintendent", "Mt": "Mount", "Ft": "Fort",
    "Adm": "Admiral", "Pvt": "Private", "Brig": "Brigadier", "Amb": "Ambassador", "Fr": "Father",
    "Det": "Detective", "Insp": "Inspector",
}  # fmt: skip
_BEFORE_NUMBERS = {
    "No": "Number", "no": "number", "Nos": "Numbers", "nos": "numbers", "Fig": "Figure",
    "fig": "figure", "Figs": "Figures", "Eq": "Equation", "Vol": "Volume", "vol": "volume",
    "Ch": "Chapter", "ch": "chapter", "Sec": "Section", "sec": "section", "Art": "Article",
    "art": "article", "p": "page", "pp": "pages", "Apt": "Apartment", "apt": "apartment",
    "para": "paragraph", "Para": "Paragraph", "ext": "extension", "Ext": "Extension",
    "max": "maximum", "Max": "Maximum", "min": "minimum", "Min": "Minimum",
    "tel": "telephone", "Tel": "Telephone",
}  # fmt: skip
_WORDS = {
    "a.k.a.": "also known as",
    "e.g.": "for example", "i.e.": "that is", "vs.": "versus", "approx.": "approximately",
    "dept.": "department", "Dept.": "Department", "est.": "established", "viz.": "namely",
    "cf.": "compare", "esp.": "especially", "avg.": "average", "misc.": "miscellaneous",
    "govt.": "government",    "et al.": "and others",
}  # fmt: skip
_MAY_END = {
    "etc": "et cetera", "Inc": "Incorporated", "Ltd": "Limited", "Corp": "Corporation",
    "Co": "Company", "Bros": "Brothers", "Jr": "Junior", "Sr": "Senior", "Ave": "Avenue",
    "Blvd": "Boulevard", "Rd": "Road", "Esq": "Esquire",
    "Hwy": "Highway", "Pkwy": "Parkway", "Univ": "University", "Assn": "Association",
}  # fmt: skip
_STREETS = {"Dr": "Drive", "Ln": "Lane", "Ct": "Court", "Pl": "Place", "Sq": "Square"}
_COMPASS = {"N": "North", "S": "South", "E": "East", "W": "West"}
_SHORT = {
    "w/o": "without",
    "w/": "with",
    "b/c": "because",
    "c/o": "care of",
    "n/a": "not applicable",
}
_NO_STREET = "the|in|of|at|to|from|near|and|via|with|by|for|on|visited|left"


def _title(match: re.Match[str]) -> str:
    word = match["word"]
    return _TITLES[word if word in _TITLES else word.capitalize()]


def _saint_or_street(match: re.Match[str]) -> str:
    before, after = match["before"] or "", rest_of(match)
    names_street = before[:1].isupper() or before[:1].isdigit()
    if re.fullmatch(_NO_STREET, before.strip(), re.IGNORECASE):
        names_street = False
    if after.lstrip()[:1].isupper() and not names_street:
        return f"{before}Saint"
    return f"{before}Street{stop_after(match)}"


def _street(match: re.Match[str]) -> str | None:
    """Return `Elm Drive` for `Elm Dr.`; a capital that begins no sentence is somebody's name."""
    stop = stop_after(match)
    if not stop and rest_of(match).lstrip()[:1].isupper():
        return None
    return f"{match['before']}{_STREETS[match['word']]}{stop}"


def _may_end(match: re.Match[str]) -> str:
    return _MAY_END[match["word"]] + stop_after(match)


def _dotted(match: re.Match[str]) -> str:
    return spell(match[0]) + stop_after(match)


def _degree(match: re.Match[str]) -> str:
    plural = "s" * bool(match["plural"])
    return spell(match["letters"]) + plural + (stop_after(match) if match["stop"] else "")


ABBREVIATIONS: tuple[Rule, ...] = (
    rule(rf"(?<![\w./])(?:{alternatives(list(_SHORT))})(?=\s)", lambda match: _SHORT[match[0]]),
    rule(rf"(?<![\w.])(?:{alternatives(list(_WORDS))})", lambda match: _WORDS[match[0]]),
    rule(r"(?<=[\w]\s)(?:vs|v\.)(?=\s[A-Z\d]|\sthe\b)", "versus"),
    rule(r"(?P<before>\b\w+\s)?\bSt\.(?=\W|$)", _saint_or_street),
    rule(
        rf"(?P<before>\b(?:(?!(?:{alternatives(list(_TITLES.values()))})\b)[A-Z][a-z]+"
        rf"|\d+(?:st|nd|rd|th))\s)(?P<word>{alternatives(list(_STREETS))})\.",
        _street,
    ),
    rule(r"(?<=\d\s)(?P<side>[NSEW])\.(?=\s[A-Z\d])", lambda match: _COMPASS[match["side"]]),
    rule(
        rf"\b(?P<word>{alternatives(list(_TITLES))}|MR|MRS|MS|DR)\."
        r"(?=\s+(?:[A-Z\"“]|and\b)|(?<=[Mm][Rr]\.|[MD][sr]\.)[A-Z])",
        _title,
    ),
    rule(r"\b(?P<word>Dr|Mr|Mrs|Ms)(?=\s[A-Z])", _title),
    rule(
        rf"(?<![\w.])(?P<word>{alternatives(list(_BEFORE_NUMBERS))})\.\s?(?=\d|[IVX]{{2,5}}\b)",
        lambda match: f"{_BEFORE_NUMBERS[match['word']]} ",
    ),
    rule(rf"(?<![\w.])(?P<word>{alternatives(list(_MAY_END))})\.", _may_end),
    *ROMAN_NUMERALS,
    rule(
        r"\b(?P<letters>(?:Ph|Ed)\.?D|[MB]\.?Sc|LL\.?[BM])(?:\.?(?P<plural>s)(?!\w)|(?P<stop>\.(?!\w))|(?!\w))",
        _degree,
    ),
    rule(r"(?<![\w.])(?:[A-Z]\.){2,}", _dotted),
    rule(
        r"(?<![\w.'’])(?P<letter>[A-HJ-Z])\.(?=\s[A-Z])",
        lambda match: spell(match["letter"]) + stop_after(match),
    ),
)
"""Titles and the like first, then numerals, then initials with full stops."""
