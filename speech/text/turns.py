"""Dialogue: a text in turns, each spoken by the one whom the tag before it names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from speech.errors import InvalidRequest
from speech.text.breaks import Break
from speech.validation import shown

_TURN_TAG = re.compile(  # many write a colon behind it, as behind a name
    r"\[\s?(S[0-9]+)\s?\]:?", re.IGNORECASE
)
_SPEAKER = re.compile("S[0-9]+")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*\Z")

Voices = Mapping[str, str | None]
"""Names of voices by speaker, such as `S1`; None for the default voice. Empty: no dialogue."""


class Turn(NamedTuple):
    """The text that one speaker says at a time.

    Attributes:
        speaker: The tag's content, or an empty string before the first tag.
        text: The text without its tag.
        rank: The kind of break before it.
    """

    speaker: str
    text: str
    rank: Break


def split_turns(text: str, speaker: str, rank: Break) -> list[Turn]:
    """Return the turns of `text`, which goes on under `speaker` after a break of kind `rank`."""
    first, *rest = _TURN_TAG.split(text)
    turns = [Turn(speaker, first, rank)]
    for tag, said in zip(rest[::2], rest[1::2], strict=True):
        before = turns[-1].text
        if before.strip():
            rank = Break.PARAGRAPH if _BLANK_LINE.search(before) else Break.SENTENCE
        turns.append(Turn(tag.upper(), said, rank))
    return turns


def read_apart(text: str, voices: Voices) -> list[str]:
    """Return the parts of `text` that are read on their own: the turns of a dialogue, else all."""
    if not voices:
        return [text]
    return [turn.text for turn in split_turns(text, "", Break.PARAGRAPH)]


def without_tags(text: str) -> str:
    """Return `text` with spaces in the place of its turns' tags."""
    return _TURN_TAG.sub(lambda tag: " " * len(tag[0]), text)


def check_speakers(voices: Voices) -> None:
    """Return if every key of a dialogue's voices is a speaker.

    Raises:
        InvalidRequest: A key is not `S` and a number.
    """
    for speaker in voices:
        if not _SPEAKER.fullmatch(speaker):
            raise InvalidRequest(
                f"Invalid 'voices': {shown(speaker)} is not S and a number, such as S1", "voices"
            )


def check_tags(text: str, voices: Voices) -> None:
    """Return if every tag in `text` has a voice, and every voice a tag.

    Raises:
        InvalidRequest: One has not; the message names it.
    """
    tags = dict.fromkeys(map(str.upper, _TURN_TAG.findall(text)))
    for tag in tags:
        voice_of(tag, voices)
    for speaker in voices:
        if speaker not in tags:
            raise InvalidRequest(
                f"Invalid 'voices': no [{shown(speaker)[1:-1]}] is in the text", "voices"
            )


def voice_of(speaker: str, voices: Voices) -> str | None:
    """Return the voice of a speaker.

    Raises:
        InvalidRequest: There is none.
    """
    if speaker not in voices:
        raise InvalidRequest(
            f"Invalid 'voices': [{shown(speaker)[1:-1]}] is in the text and has no entry", "voices"
        )
    return voices[speaker]
