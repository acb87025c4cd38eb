"""The duration of a text that is spoken at an ordinary pace."""

from __future__ import annotations

import re

from speech.text.breaks import SPEAKER_TAG, plain_spaces
from speech.text.scripts import duration_ms

_UNSPOKEN = re.compile(SPEAKER_TAG.pattern + r"\s?")


def estimate_duration_s(text: str) -> float:
    """Return about how long `text` takes to speak at an ordinary pace; speaker tags take none."""
    return sum(durations_ms(plain_spaces(text))) / 1000


def durations_ms(text: str) -> list[int]:
    """Return about how long each character of `text` takes, speaker tags none."""
    durations = [duration_ms(char) for char in text]
    for tag in _UNSPOKEN.finditer(text):
        durations[tag.start() : tag.end()] = [0] * len(tag[0])
    return durations
