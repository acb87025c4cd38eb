"""`[pause:0.8s]` in a text, or SSML's `<break time="0.8s"/>`: that much silence."""

from __future__ import annotations

import re
from typing import NamedTuple

from speech.errors import InvalidRequest, shorten
from speech.parameters import MAX_PAUSE_S
from speech.validation import MAX_SHOWN_CHARS

PAUSE_TAG = re.compile(
    r"\[\s*pause\s*:([^\[\]\n]*)\]?"
    r"|<break(?=[^<>]{0,72}(?:=|/>))((?:\s[^<>]{0,64})?)/?>(?:\s?</break>)?",
    re.IGNORECASE,
)
_TIME = re.compile(r"\stime\s?=\s?(?:[\"']([^\"']{0,20})[\"']|([^\s\"'=<>/]{1,20}))", re.IGNORECASE)
_STRENGTH = re.compile(r"\sstrength\s?=\s?[\"']([a-z-]{1,10})[\"']", re.IGNORECASE)
_STRENGTHS_S = {
    "none": 0.0, "x-weak": 0.1, "weak": 0.2, "medium": 0.4, "strong": 0.7, "x-strong": 1.0,
}  # fmt: skip
"""SSML names strengths, and leaves their lengths to the speaker. Source: W3C, SSML 1.1, 3.2.3."""
_DURATION = re.compile(r"\s*(\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})\s*(m?)s\s*", re.IGNORECASE)


class Part(NamedTuple):
    """Text without pauses in it, and the silence asked for before it; None where none was."""

    text: str
    pause_s: float | None


def split_at_pauses(text: str) -> list[Part]:
    """Return the text in parts; the last may be empty, and pauses with nothing between add up.

    Raises:
        InvalidRequest: A pause is not of 0 to 10 seconds.
    """
    parts: list[Part] = []
    pause_s: float | None = None
    end = 0
    for match in PAUSE_TAG.finditer(text):
        between = text[end : match.start()]
        if between.strip():
            parts.append(Part(between, pause_s))
            pause_s = None
        pause_s = (pause_s or 0.0) + _duration_s(match)
        end = match.end()
    return [*parts, Part(text[end:], pause_s)]


def trim_pauses(text: str) -> tuple[str, str, str]:
    """Return the pauses that `text` begins with, what is between, and those that it ends with."""
    pauses = list(PAUSE_TAG.finditer(text))
    start, end = 0, len(text)
    for pause in pauses:
        if text[start : pause.start()].strip():
            break
        start = pause.end()
    for pause in reversed(pauses):
        if pause.start() < start or text[pause.end() : end].strip():
            break
        end = pause.start()
    return text[:start], text[start:end], text[end:]


def only_pauses(text: str) -> str:
    """Return the pauses in `text` without what is between them."""
    return "".join(pause[0] for pause in PAUSE_TAG.finditer(text))


def _duration_s(pause: re.Match[str]) -> float:
    written = pause[1]
    if written is None:
        time, strength = _TIME.search(pause[2]), _STRENGTH.search(pause[2])
        if not time:
            return _STRENGTHS_S.get(strength[1].lower() if strength else "", _STRENGTHS_S["medium"])
        written = time[1] if time[2] is None else time[2]
    duration = _DURATION.fullmatch(written)
    if duration and pause[0][-1] in "]>":
        duration_s = float(duration[1]) / (1000 if duration[2] else 1)
        if duration_s <= MAX_PAUSE_S:
            return duration_s
    raise InvalidRequest(
        f"Invalid pause '{shorten(pause[0], MAX_SHOWN_CHARS)}': it takes 0 to {MAX_PAUSE_S:g} s, "
        "as in [pause:0.8s]",
        "text",
    )
