"""E-mail and web addresses, names of files, and numbers that are read digit by digit."""

from __future__ import annotations

import re

from speech.text.english.figures import UNJOINED, digits
from speech.text.english.initials import spell
from speech.text.english.rule import Rule, rule

_MARKS = {
    ".": "dot", "@": "at", "-": "dash", "_": "underscore", "/": "slash", "+": "plus",
    ":": "colon", "?": "question mark", "=": "equals", "&": "and", "#": "hash", "~": "tilde",
    "%": "percent",
}  # fmt: skip
_TOP_LEVEL = "com|org|net|edu|gov|mil|info|io|ai|app|dev|co|uk|us|ca|de|fr|eu|tv|me|xyz"
_FILE_ENDINGS = (
    "txt|pdf|docx?|xlsx?|pptx?|csv|json|xml|html?|md|jpe?g|png|gif|svg|mp3|mp4|wav|zip|exe|py|js|ts|"
    "css|ya?ml|toml|ini|log"
)
_MIN_PHONE_DIGITS = 7
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


def _groups(match: re.Match[str]) -> str:
    """Return the digits of a number in groups, one by one."""
    groups = re.findall(r"\d+", match[0])
    plus = "plus " if match[0].startswith("+") else ""
    return plus + ", ".join(digits(group) for group in groups)


def _phone(match: re.Match[str]) -> str | None:
    return _groups(match) if sum(map(str.isdigit, match[0])) >= _MIN_PHONE_DIGITS else None


def _internet_address(match: re.Match[str]) -> str | None:
    parts = re.findall(r"\d+", match[0])
    if any(int(part) > 255 for part in parts[:4]):
        return None
    said = " dot ".join(map(digits, parts[:4]))
    return f"{said} colon {digits(parts[4])}" if parts[4:] else said


def _file_name(match: re.Match[str]) -> str:
    ending = match["ending"]
    has_vowel = any(letter in "aeiou" for letter in ending) and ending != "exe"
    return f"{match['name']} dot {ending if has_vowel else spell(ending)}"


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
        rf"(?<!\w)(?<!\w\.)(?P<name>[A-Za-z\d][\w-]{{0,63}})\.(?P<ending>{_FILE_ENDINGS})(?!\w|\.\w)",
        _file_name,
    ),
    rule(r"(?<![\w.,:/-])\d{1,3}(?:\.\d{1,3}){3}(?:[:]\d{1,5})?(?![\w-]|\.\d)", _internet_address),
    rule(
        r"(?<=\bcall\s)\d{3}(?![\w-]|[.,]\d|\s\d)|(?<=\bdial\s)\d{3}(?![\w-]|[.,]\d|\s\d)",
        _groups,
        re.IGNORECASE,
    ),
    # a card, a book, an account
    rule(rf"{UNJOINED}\d{{4}}(?:\s\d{{4}}){{2,6}}(?![\w-])", _groups),
    rule(
        rf"{UNJOINED}(?!\d{{4}}-\d\d-\d\d(?![\d-])|\d\d?-\d\d?-(?:\d\d|\d{{4}})(?![\d-]))"
        r"\d{1,12}(?:-\d{1,12}){2,8}(?![\w-])",
        _groups,
    ),
    rule(
        rf"{UNJOINED}\+\d{{1,3}}(?:[\s.-]?\(\d{{1,5}}\))?(?:[\s.-]\d{{1,8}}){{1,6}}(?![\w-])",
        _phone,
    ),
    rule(
        rf"{UNJOINED}(?:1[\s.-])?"
        r"(?:\(\d{2,4}\)\s?|\d{2,4}[\s.-])\d{3,4}[\s.-]\d{3,4}(?![\w-]|\s\d)",
        _phone,
    ),
    rule(rf"{UNJOINED}\d{{3}}-\d{{4}}(?![\w-])", _phone),
    rule(rf"{UNJOINED}0\d{{1,4}}(?:\s\d{{2,8}}){{1,5}}(?![\w-])", _phone),
    rule(r"(?<![\w.,/$£€])\+\d{7,15}(?!\w)", _phone),
)
"""What names a place to write or call to, read out mark by mark and digit by digit."""
