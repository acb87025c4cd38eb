"""Abbreviations and Roman numerals."""

from __future__ import annotations

import re

from speech.text.english.figures import cardinal, ordinal
from speech.text.english.initials import spell
from speech.text.english.rule import Rule, alternatives, listed, rule

_TITLES = {
    "Dr": "Doctor", "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Messrs": "Messers",
    "Prof": "Professor", "Rev": "Reverend", "Hon": "Honorable", "Gen": "General", "Col": "Colonel",
    "Capt": "Captain", "Cmdr": "Commander", "Lt": "Lieutenant", "Maj": "Major", "Sgt": "Sergeant",
    "Cpl": "Corporal", "Gov": "Governor", "Sen": "Senator", "Rep": "Representative",
    "Pres": "President", "Supt": "Superintendent", "Mt": "Mount", "Ft": "Fort",
}  # fmt: skip
_BEFORE_NUMBERS = {
    "No": "Number", "no": "number", "Nos": "Numbers", "nos": "numbers", "Fig": "Figure",
    "fig": "figure", "Figs": "Figures", "Eq": "Equation", "Vol": "Volume", "vol": "volume",
    "Ch": "Chapter", "ch": "chapter", "Sec": "Section", "sec": "section", "Art": "Article",
    "art": "article", "p": "page", "pp": "pages", "Apt": "Apartment", "apt": "apartment",
}  # fmt: skip
_WORDS = {
    "a.k.a.": "also known as",
    "e.g.": "for example", "i.e.": "that is", "vs.": "versus", "approx.": "approximately",
    "dept.": "department", "Dept.": "Department", "est.": "established", "viz.": "namely",
    "cf.": "compare", "esp.": "especially", "et al.": "and others",
}  # fmt: skip
_MAY_END = {
    "etc": "et cetera", "Inc": "Incorporated", "Ltd": "Limited", "Corp": "Corporation",
    "Co": "Company", "Bros": "Brothers", "Jr": "Junior", "Sr": "Senior", "Ave": "Avenue",
    "Blvd": "Boulevard", "Rd": "Road", "Esq": "Esquire",
}  # fmt: skip
_NO_STREET = "the|in|of|at|to|from|near|and|via|with|by|for|on|visited|left"

_STARTERS = frozenset(
    listed(
        "A After All An And As At Because Before But By For From He Her Here His How However I "
        "If In It Its My No Not Now On Once Our She So Some That The Their Then There These "
        "They This Those To We What When Where Which While Who Why With Yes You Your"
    )
)
_ROMAN = r"(?P<roman>(?=[IVXLC]+\b)C{0,3}(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3}))"
_COUNTED = (
    "World War|Chapter|Part|Act|Scene|Book|Volume|Section|Phase|Type|Class|Article|Title|"
    "Super Bowl|Stage|Level|Round|Appendix|Schedule|Unit|Grade|Table|Figure|Rocky|Final Fantasy"
)
_RULERS = (
    "Henry|Louis|Elizabeth|Charles|George|Edward|Richard|William|James|John|Paul|Benedict|Pius|"
    "Leo|Philip|Napoleon|Nicholas|Alexander|Catherine|Peter|Ivan|Mary|Frederick|Ferdinand|"
    "Francis|Gustav|Christian|Leopold|Otto|Ramses|Ptolemy|Gregory|Clement|Innocent|Urban|Sixtus|"
    "Julius|Boniface|Augustus|Robert|David|Harald|Haakon|Olaf|Margaret|Isabella|Xerxes|Darius|"
    "Thutmose|Amenhotep|Wilhelm|Friedrich|Franz|Joseph"
)
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def _roman_value(roman: str) -> str:
    values = [_VALUES[letter] for letter in roman]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return str(sum(-value if value < after else value for value, after in pairs))


def _ruler(match: re.Match[str]) -> str | None:
    roman = match["roman"]
    follower = match.string[match.end() : match.end() + 2]
    if roman == "I" and follower[:1] == " " and not follower[1:].isupper():
        return None  # more likely the speaker
    return f"{match['name']} the {ordinal(_roman_value(roman))}"


def _saint_or_street(match: re.Match[str]) -> str:
    before, after = match["before"] or "", match.string[match.end() :]
    names_street = before[:1].isupper() or before[:1].isdigit()
    if re.fullmatch(_NO_STREET, before.strip(), re.IGNORECASE):
        names_street = False
    if after.lstrip()[:1].isupper() and not names_street:
        return f"{before}Saint"
    return f"{before}Street{'.' * _ends_sentence(after)}"


def _may_end(match: re.Match[str]) -> str:
    return _MAY_END[match["word"]] + "." * _ends_sentence(match.string[match.end() :])


def _ends_sentence(after: str) -> bool:
    """Tell whether the full stop of an abbreviation before `after` ends a sentence as well."""
    words = after.lstrip("\"'”’)").split(maxsplit=1)
    return not words or words[0].strip("\"'“‘(,.;:!?") in _STARTERS or after[:1] == "\n"


def _dotted(match: re.Match[str]) -> str:
    return spell(match[0]) + "." * _ends_sentence(match.string[match.end() :])


ABBREVIATIONS: tuple[Rule, ...] = (
    rule(rf"(?<![\w.])(?:{alternatives(list(_WORDS))})", lambda match: _WORDS[match[0]]),
    rule(r"(?P<before>\b\w+\s)?\bSt\.(?=\W|$)", _saint_or_street),
    rule(
        rf"\b(?P<word>{alternatives(list(_TITLES))})\.(?=\s+(?:[A-Z\"“]|and\b))",
        lambda match: _TITLES[match["word"]],
    ),
    rule(r"\b(?P<word>Dr|Mr|Mrs|Ms)(?=\s[A-Z])", lambda match: _TITLES[match["word"]]),
    rule(
        rf"(?<![\w.])(?P<word>{alternatives(list(_BEFORE_NUMBERS))})\.\s?(?=\d)",
        lambda match: f"{_BEFORE_NUMBERS[match['word']]} ",
    ),
    rule(rf"(?<![\w.])(?P<word>{alternatives(list(_MAY_END))})\.", _may_end),
    rule(
        rf"\b(?P<name>{_COUNTED.replace(' ', chr(92) + 's')})\s{_ROMAN}\b(?!['’]|\.\w)",
        lambda match: f"{match['name']} {cardinal(_roman_value(match['roman']))}",
    ),
    rule(rf"\b(?P<name>{_RULERS})\s{_ROMAN}\b(?!\.\w)", _ruler),
    rule(r"\bPh\.?D\b\.?", lambda match: spell("PHD")),
    rule(r"(?<![\w.])(?:[A-Z]\.){2,}", _dotted),
)
"""Titles and the like first, then numerals, then initials with full stops."""
