"""Signs and marks, and letters that stand together with figures."""

from __future__ import annotations

import re

from speech.text.english.initials import is_spelled, spell
from speech.text.english.rule import Rule, rule

_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def _letters_and_figures(match: re.Match[str]) -> str:
    letters = match["letters"]
    if len(letters) == 1 or is_spelled(letters):
        letters = spell(letters)
    plural = "'s" * bool(match["plural"])
    return " ".join(filter(None, (letters, match["figures"] + plural, spell(match["rest"]))))


def _letters_of(match: re.Match[str]) -> str | None:
    """Return `ay tee and tee` for `AT&T`, `ay bee` for `A/B`; None for words, as in `YES/NO`."""
    sides = (match["left"], match["right"])
    are_initials = [len(side) == 1 or is_spelled(side) for side in sides]
    if not any(are_initials) or any(len(side) > 2 and not is_spelled(side) for side in sides):
        return None
    between = " and " if "&" in match["mark"] else " "
    return between.join(map(spell, sides)) + "'s" * bool(match["plural"])


COMPARISONS: tuple[Rule, ...] = (
    rule(r"[₀-₉]+", lambda match: match[0].translate(_SUBSCRIPTS)),
    rule(r"µ", lambda match: "μ"),
    rule(r"\u20e3", lambda match: ""),  # a keycap
    rule(r"\s?(?:<=|≤)\s?(?=[\w$£€.-])", lambda match: " less than or equal to "),
    rule(r"\s?(?:>=|≥)\s?(?=[\w$£€.-])", lambda match: " greater than or equal to "),
    rule(r"\s?(?:!=|≠)\s?(?=[\w$£€.-])", lambda match: " is not equal to "),
    rule(r"(?<=\w)\s<\s(?=[\w$£€.-])|(?<=\d)<(?=\d)", lambda match: " is less than "),
    rule(r"(?<=\w)\s>\s(?=[\w$£€.-])|(?<=\d)>(?=\d)", lambda match: " is greater than "),
    rule(r"(?<![\w<])<\s?(?=[\d$£€])", lambda match: "less than "),
    rule(r"(?<![\w>=-])>\s?(?=[\d$£€])", lambda match: "more than "),
    rule(r"(?<![\w~])~\s?(?=[\d$£€])", lambda match: "about "),
    rule(r"\s?±\s?(?=\d)", lambda match: " plus or minus "),
    rule(r"\s?≈\s?(?=[\d$£€])", lambda match: " approximately "),
    rule(r"(?<=\d)\s?[*]\s?(?=\d)", lambda match: " times "),
)
"""What is said for signs that are dropped elsewhere."""

GLUED: tuple[Rule, ...] = (
    rule(r"[*_~|^\\<>{}`]+", lambda match: " "),
    rule(r"[ \t]{2,}", lambda match: " "),
    rule(r"(?<![A-Za-z])C[+][+]", lambda match: "see plus plus"),
    rule(r"(?<![A-Za-z])(?P<letter>[CF])[#](?!\w)", lambda m: f"{spell(m['letter'])} sharp"),
    rule(r"(?<![\w.])\.NET\b", lambda match: "dot net"),
    rule(
        r"(?<![\w/&-])(?P<left>[A-Z]{1,4})(?P<mark>\s?&\s?|/)(?P<right>[A-Z]{1,4})(?P<plural>'?s)?(?![\w/&-])",
        _letters_of,
    ),
    rule(
        r"(?<![\w\[])(?!WW-?[12]\b)(?P<letters>[A-Z]{1,5})-?(?P<figures>\d{1,4})(?P<rest>[A-Z]{0,3})(?P<plural>s)?(?!\w)",
        _letters_and_figures,
    ),
    rule(
        r"(?<=\d)(?=[A-Za-z]{3}|[A-Z][a-z]|[a-z]\.[a-z]\.)|(?<=[A-Za-z])(?<!\[S)(?=\d)",
        lambda match: " ",
    ),
    rule(r"\s?&\s?(?!\w+;)", lambda match: " and "),
)
"""Marks that are not said, and what stands together though it is said apart."""

SYMBOLS: tuple[Rule, ...] = (
    rule(r"(?<![#])[#]+(?=\d)", lambda match: "number "),
    rule(r"(?<![#])[#]+(?=[A-Za-z])", lambda match: "hashtag "),
    rule(r"№\s?", lambda match: "number "),
    rule(r"§§\s?(?=\d)", lambda match: "sections "),
    rule(r"§\s?(?=\d)", lambda match: "section "),
    rule(r"©\s?(?=\w)", lambda match: "copyright "),
    rule(r"[™®]", lambda match: ""),
    rule(r"√\s?(?=[\d(])", lambda match: "the square root of "),
    rule(r"(?<!\w)π(?!\w)", lambda match: "pi"),
    rule(r"(?<=\w)\s?(?:→|⇒|->|=>)\s?(?=\w)", lambda match: " to "),
    rule(r"(?<=\d)\s[x]\s(?=\d)", lambda match: " times "),
    rule(r"\s?×\s?(?=\d)", lambda match: " times "),
    rule(r"\s?÷\s?(?=\d)", lambda match: " divided by "),
    rule(r"(?<=\d)\s/\s(?=\d)", lambda match: " divided by "),
    rule(r"(?<=\d)\s?=\s?(?=[\d-])|\s=\s", lambda match: " equals "),
    rule(r"(?<=[\d\w])\s?[+]\s(?=[\d\w])|(?<=\d)[+](?=\d)", lambda match: " plus "),
    rule(r"(?<=\d)[+](?!\w)", lambda match: " plus"),
    rule(r"(?<![^\s(\[\"“'‘])@(?=\w)|\s@\s", lambda match: " at "),
    rule(r"(?<=[^\W\d])/(?=\w)|(?<=\d)/(?=[^\W\d])", lambda match: " "),
)
"""Signs between and before words and figures."""

MIXED: tuple[Rule, ...] = (
    rule(r"(?<=\d)-?(?P<letters>[A-Z]{1,3})(?![\w])", lambda match: f" {spell(match['letters'])}"),
    rule(r"(?<=\d)(?=[A-Za-z]{1,3}\b)(?!(?:st|nd|rd|th|k)\b)", lambda match: " "),
)
"""Letters behind figures."""
