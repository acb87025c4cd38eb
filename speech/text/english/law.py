"""Statutes: sections with subsections in brackets, such as `12(3)(b)`."""

from __future__ import annotations

import re

from speech.text.english.figures import cardinal, digits, in_pairs, year
from speech.text.english.initials import spell
from speech.text.english.roman import value_of
from speech.text.english.rule import Rule, alternatives, rule

_SUB = r"(?:\d{1,3}|[ivx]{2,4}|[A-Za-z])"
_SUBS = re.compile(rf"\(({_SUB})\)")
_REPORTERS = {
    "U.S.": "you ess", "S. Ct.": "Supreme Court", "L. Ed.": "Lawyers' Edition", "F.": "eff",
    "F. Supp.": "eff Supplement", "Stat.": "Statutes at Large", "Fed. Reg.": "Federal Register",
    "A.": "ay", "P.": "pee", "N.E.": "en ee", "N.W.": "en double-you", "S.E.": "ess ee",
    "S.W.": "ess double-you", "So.": "Southern", "Cal.": "California",
}  # fmt: skip
_ANY_REPORTER = alternatives(list(_REPORTERS)).replace(r"\.\ ", r"\.\s?")
_SERIES = {"2d": "second", "3d": "third", "4th": "fourth"}
_PROCEDURES = {
    "Civ. P.": "Civil Procedure", "Crim. P.": "Criminal Procedure", "Evid.": "Evidence",
    "App. P.": "Appellate Procedure", "Bankr. P.": "Bankruptcy Procedure",
}  # fmt: skip


def _subsections(match: re.Match[str]) -> str:
    """Return `12 three bee` for `12(3)(b)`, `four oh one kay` for `401(k)`."""
    number = match["number"]
    if len(number) == 3 and number[1] == "0":
        number = digits(number).replace("zero", "oh")
    said = " ".join([number, *map(_subsection, _SUBS.findall(match["subs"]))])
    return said + (match["many"] or "")


def _subsection(name: str) -> str:
    if name.isdigit():
        return cardinal(name)
    value = value_of(name.upper()) if len(name) > 1 else ""
    return cardinal(value) if value else spell(name)


def _reported(match: re.Match[str]) -> str:
    """Return `one twenty three eff third four fifty six` for `123 F.3d 456`."""
    reporter = _REPORTERS[re.sub(r"(?<=\.)(?=[SCER][a-z])", " ", match["reporter"])]
    series = _SERIES[match["series"]] if match["series"] else ""
    parts = (in_pairs(match["volume"]), reporter, series, in_pairs(match["page"]))
    return " ".join(filter(None, parts))


def _act(match: re.Match[str]) -> str:
    """Return `(EU) twenty sixteen slash six seventy nine` for `(EU) 2016/679`."""
    sides = (match["left"], match["right"])
    said = (year(side) if len(side) == 4 else in_pairs(side) for side in sides)
    what = re.sub(r"No\.?\s$", "number ", match["what"])
    return f"{what}{' slash '.join(said)}"


def _subsections_of(match: re.Match[str]) -> str:
    """Return `subparagraph ay` for `subpara. (a)`."""
    what = re.sub(r"para(s?)\.?\s$", r"paragraph\1 ", match["what"])
    return what + " ".join(map(_subsection, _SUBS.findall(match["subs"])))


LAW: tuple[Rule, ...] = (
    rule(
        rf"(?<![\w.,/-])(?P<volume>[1-9]\d{{0,2}})\s(?P<reporter>{_ANY_REPORTER})"
        r"(?:\s?(?P<series>[23]d|4th)|(?:(?<=U\.S\.)|(?<=[dgpt]\.)))\s(?P<page>[1-9]\d{0,3})(?![\w/-]|[.,]\d)",
        _reported,
    ),
    rule(
        rf"\bFed\.\sR\.\s(?P<of>{alternatives(list(_PROCEDURES))})(?=\s\d)",
        lambda m: f"Federal Rule of {_PROCEDURES[m['of']]}",
    ),
    rule(
        r"\b(?:Pub\.\s?L\.|P\.L\.|Public\sLaw)(?:\sNo\.)?\s"
        r"(?P<congress>[1-9]\d{1,2})[-–](?P<law>[1-9]\d{0,2})(?!\w)",
        lambda m: f"Public Law {in_pairs(m['congress'])}, {in_pairs(m['law'])}",
    ),
    rule(
        r"(?P<what>\((?:EU|EC|EEC)\)\s(?:No\.?\s)?|\bDirective\s)"
        r"(?P<left>[1-9]\d{1,3})/(?P<right>[1-9]\d{0,3})(?![\w-])",
        _act,
    ),
    rule(
        r"(?P<before>^|\n|[,(;]\s?|\b(?:[Uu]nder|and|by|in|of|see|to)\s)s\.\s?(?=\d)",
        lambda m: f"{m['before']}section ",
    ),
    rule(
        r"(?<![\w.,$£€-])(?P<number>401(?=[Kk])|403(?=b)|457(?=b)|501(?=c3))(?P<letter>[KkBbc])"
        r"(?P<part>3?)(?P<many>s?)(?!\w)",
        lambda m: f"{in_pairs(m['number'])} {spell(m['letter'])}{m['many']} {m['part']}".rstrip(),
    ),
    rule(
        rf"(?<![^\s§.(-])(?P<number>\d{{1,5}})(?P<subs>(?:\({_SUB}\)){{1,6}})(?P<many>s(?!\w))?(?!\w)",
        _subsections,
    ),
    rule(
        rf"(?P<what>\b(?:[Ss](?:ub)?sections?|(?:[Ss]ub)?[Pp]ara(?:graph)?s?\.?|[Cc]lauses?|[Aa]rticles?|[Rr]ules?)\s)"
        rf"(?P<subs>(?:\({_SUB}\)){{1,6}})(?!\w)",
        _subsections_of,
    ),
)
"""Sections of a law, and of a paragraph of one."""
