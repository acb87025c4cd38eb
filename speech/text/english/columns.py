"""Units without an amount: at the head of a table's column, as in `Height (cm)`, and degrees."""

from __future__ import annotations

import re

from speech.text.english.rule import Rule, rule
from speech.text.english.sentences import word_before
from speech.text.english.units import PER, UNITS

_QUANTITY = re.compile(
    r"altitude|area|capacity|charge|current|depth|dist(?:ance)?|duration|elevation|energy|force|heat|"
    r"height|length|load|mass|power|pressure|radius|range|speed|temp(?:erature)?|thickness|time|"
    r"voltage|volume|weight|width|work",
    re.IGNORECASE,
)
"""What has a unit of one letter; behind other words it is a gender, a result, a team's side."""
_ALSO_OTHERS = ("ha", "mi", "min", "mo")
"""`(min)` may be a minimum."""


def _heading(match: re.Match[str]) -> str | None:
    """Return `(centimeters)` for `(cm)`, and `(meters per second)` for `(m/s)`."""
    unit, slash, per = match["unit"].partition("/")
    many = "seconds" if unit == "s" else UNITS.get(unit, ("", ""))[1]
    if not many or unit in _ALSO_OTHERS or (slash and per not in PER):
        return None
    if (
        len(unit) == 1
        and unit.isalpha()
        and not slash
        and not _QUANTITY.fullmatch(word_before(match))
    ):
        return None
    return f"({many}{f' per {PER[per]}' if slash else ''})"


COLUMNS: tuple[Rule, ...] = (
    rule(r"(?<![\d)′'’])(?<![\d)]\s)°[CF](?![\w'’])", lambda m: UNITS[m[0]][1]),
    rule(r"(?<=[A-Za-z]\s)\((?P<unit>[^\s()\d]{1,8})\)(?=[,.:;|]|\s?(?:$|\n))", _heading),
)
