"""Chords, such as `C#m7`."""

from __future__ import annotations

import re

from speech.text.english.figures import cardinal
from speech.text.english.initials import spell
from speech.text.english.rule import Rule, rule

_KINDS = {
    "m": "minor", "min": "minor", "maj": "major", "dim": "diminished", "aug": "augmented",
    "sus": "suspended", "add": "add",
}  # fmt: skip
_KIND = "|".join(_KINDS)


def _chord(match: re.Match[str]) -> str:
    """Return `see sharp minor seven` for `C#m7`."""
    sign, kind = match["sign"], match["kind"] or match["plain"]
    number = match["number"] or match["of"]
    said = [spell(match["note"])]
    if sign:
        said.append("flat" if sign in "♭b" else "sharp")
    if kind:
        said.append(_KINDS[kind])
    if number:
        said.append(cardinal(number))
    return " ".join(said)


MUSIC: tuple[Rule, ...] = (
    rule(
        rf"(?<![\w#.-])(?P<note>[A-G])(?:(?P<sign>[#♯♭]|b(?={_KIND}|[79]))(?P<kind>{_KIND})?(?P<number>[5679]|1[13])?"
        rf"|(?P<plain>{_KIND})(?P<of>[24679]|1[13]))(?![\w#-])",
        _chord,
    ),
)
