"""E-mail and web addresses, and telephone numbers."""

from __future__ import annotations

import re

from speech.text.english.figures import digits
from speech.text.english.rule import Rule, rule

_MARKS = {
    ".": "dot", "@": "at", "-": "dash", "_": "underscore", "/": "slash", "+": "plus",
    ":": "colon", "?": "question mark", "=": "equals", "&": "and", "#": "hash", "~": "tilde",
    "%": "percent",
}  # fmt: skip
_TOP_LEVEL = "com|org|net|edu|gov|mil|info|io|ai|app|dev|co|uk|us|ca|de|fr|eu|tv|me|xyz"
_WWW = "double-you double-you double-you"
_PARTS = re.compile(r"[A-Za-z]+|\d+|[^A-Za-z\d]")


def _address(text: str) -> str:
    """Return an address as it is read out."""
    said = []
    for part in _PARTS.findall(text):
        if part.isdigit():
            said.append(part if len(part) < 4 else digits(part))
        elif part.lower() == "www":
            said.append(_WWW)
        else:
            said.append(_MARKS.get(part, part))
    return " ".join(said)


def _url(match: re.Match[str]) -> str:
    text, stop = match["rest"], ""
    while text and text[-1] in ".,;:!?)'\"":
        text, stop = text[:-1], text[-1] + stop
    return _address(text.rstrip("/")) + stop


def _phone(match: re.Match[str]) -> str:
    groups = re.findall(r"\d+", match[0])
    plus = "plus " if match[0].startswith("+") else ""
    return plus + ", ".join(digits(group) for group in groups)


ADDRESSES: tuple[Rule, ...] = (
    rule(
        r"(?<![\w@])[\w.+-]{1,64}@(?:[A-Za-z\d-]{1,63}\.){1,6}[A-Za-z]{2,24}\b",
        lambda match: _address(match[0]),
    ),
    rule(r"(?:https?|ftp)://(?P<rest>[^\s<>\"“”]{1,300})", _url, re.IGNORECASE),
    rule(r"(?<![\w.@])(?P<rest>www\.[^\s<>\"“”]{1,300})", _url, re.IGNORECASE),
    rule(
        rf"(?<![\w.@/])(?P<rest>(?:[A-Za-z\d-]{{1,63}}\.){{1,4}}(?:{_TOP_LEVEL})(?:/[^\s<>\"“”]{{0,200}})?)"
        r"(?![\w@])",
        _url,
    ),
    rule(
        r"(?<![\w.,/$£€-])(?:\+\d{1,3}[\s.-]?)?(?:\(\d{2,4}\)\s?|\d{2,4}[\s.-])\d{3,4}[\s.-]\d{3,4}(?![\w-])",
        _phone,
    ),
    rule(r"(?<![\w.,/$£€-])\d{3}-\d{4}(?![\w-])", _phone),
    rule(r"(?<![\w.,/$£€])\+\d{7,15}(?!\w)", _phone),
)
"""What names a place to write or call to, read out mark by mark and digit by digit."""
