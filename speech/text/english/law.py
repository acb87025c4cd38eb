"""Statutes: sections with subsections in brackets, such as `12(3)(b)`."""

from __future__ import annotations

import re

from speech.text.english.figures import cardinal, digits, in_pairs
from speech.text.english.initials import spell
from speech.text.english.roman import value_of
from speech.text.english.rule import Rule, rule

_SUB = r"(?:\d{1,3}|[ivx]{2,4}|[A-Za-z])"
_SUBS = re.compile(rf"\(({_SUB})\)")


def _subsections(match: re.Match[str]) -> str:
    """Return `12 three bee` for `12(3)(b)`, `four oh one kay` for `401(k)`."""
    number = match["number"]
    if len(number) == 3 and number[1] == "0":
        number = digits(number).replace("zero", "oh")
    return " ".join([number, *map(_subsection, _SUBS.findall(match["subs"]))])


def _subsection(name: str) -> str:
    if name.isdigit():
        return cardinal(name)
    value = value_of(name.upper()) if len(name) > 1 else ""
    return cardinal(value) if value else spell(name)


LAW: tuple[Rule, ...] = (
    rule(
        r"(?<![\w.,$£€-])(?P<number>401(?=[Kk])|403(?=b)|457(?=b)|501(?=c3))(?P<letter>[KkBbc])"
        r"(?P<part>3?)(?P<many>s?)(?!\w)",
        lambda m: f"{in_pairs(m['number'])} {spell(m['letter'])}{m['many']} {m['part']}".rstrip(),
    ),
    rule(
        rf"(?<![^\s§.(-])(?P<number>\d{{1,5}})(?P<subs>(?:\({_SUB}\)){{1,6}})(?!\w)",
        _subsections,
    ),
    rule(
        rf"(?P<what>\b(?:[Ss](?:ub)?sections?|[Pp]ara(?:graph)?s?|[Cc]lauses?|[Aa]rticles?|[Rr]ules?)\s)"
        rf"(?P<subs>(?:\({_SUB}\)){{1,6}})(?!\w)",
        lambda match: match["what"] + " ".join(map(_subsection, _SUBS.findall(match["subs"]))),
    ),
)
"""Sections of a law, and of a paragraph of one."""
