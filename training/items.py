"""A text and a voice to one item of training data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.echo.codecs.source_filter.analysis import analyse
from engine.echo.codecs.source_filter.features import RATE_HZ, SUBFRAMES
from engine.echo.model.tokenizer import normalize, tokenize
from training.flite import SILENCE, VOICES, Flite, SpokenToken, Utterance
from training.shards import FIELDS, FRAME_SAMPLES, FRAMES_PER_SECOND, PHONES, Item

MAX_SECONDS = 14.0

_TAGS = ("[S1] ", "[S2] ")
_LEAD_S, _TRAIL_S = 0.08, 0.10


def spoken_part(text: str) -> str:
    """Return `text` without what is written but not said: speaker tags."""
    for tag in _TAGS:
        text = text.replace(tag, "")
    return text


def make_item(text: str, voice: str, flite: Flite) -> Item | None:
    """Return `text` spoken by `voice`; None if it is silent or too long."""
    utterance = flite.speak(spoken_part(text), voice, RATE_HZ)
    sounds = [i for i, phone in enumerate(utterance.phones) if phone.name != SILENCE]
    if not sounds:
        return None
    first, last = sounds[0], sounds[-1]
    begin = max(utterance.phones[first - 1].end - _LEAD_S, 0.0) if first else 0.0
    end = utterance.phones[last].end + _TRAIL_S
    if end - begin > MAX_SECONDS:
        return None
    audio = utterance.audio[round(begin * RATE_HZ) : round(end * RATE_HZ)].astype(np.float64)
    num_frames = -(-len(audio) // FRAME_SAMPLES)
    phones = utterance.phones[: last + 1]
    return Item(
        voice=VOICES.index(voice),
        tokens=np.array(tokenize(text), np.uint8),
        features=analyse(audio, num_frames * SUBFRAMES).astype(np.float16),
        phones=np.array([PHONES.index(phone.name) for phone in phones], np.int8),
        phone_ends=_frames([phone.end for phone in phones], begin),
        spans=_spans(text, utterance, begin),
    )


def join(items: list[Item], tagged: bool = False, rows: Sequence[str] = ()) -> Item:
    """Return one item that says all `items`, one right after the other.

    Only the whole begins with a speaker's tag, unless each is to be `tagged`, in turns. `rows`, one
    fewer than `items`, are written between them and not said; what is empty leaves a space alone.
    """
    tokens, features, phones, ends, spans = ([items[0].__dict__[name]] for name in FIELDS)
    gaps = [f" {row} " if row else " " for row in rows or [""] * (len(items) - 1)]
    for number, (item, gap) in enumerate(zip(items[1:], gaps, strict=True), 1):
        said = item.tokens[1:]
        if bytes(said).startswith(tuple(tag.encode() for tag in _TAGS)):
            said = said[len(_TAGS[0]) :]
            if tagged:
                tag = _TAGS[number % len(_TAGS)].encode()
                said = np.concatenate([np.frombuffer(tag, np.uint8), said])
        before = sum(map(len, tokens)) + len(gap) - (len(item.tokens) - len(said))
        frames = sum(map(len, features)) / SUBFRAMES
        tokens += [np.frombuffer(gap.encode(), np.uint8), said]
        features.append(item.features)
        phones.append(item.phones)
        ends.append(item.phone_ends + np.float32(frames))
        spans.append(item.spans + np.array([before, before, frames, frames], np.float32))
    joined = (np.concatenate(parts) for parts in (tokens, features, phones, ends, spans))
    return Item(items[0].voice, *joined)


def _frames(seconds: list[float], begin: float) -> NDArray[np.float32]:
    return ((np.array(seconds) - begin) * FRAMES_PER_SECOND).astype(np.float32)


def _spans(text: str, utterance: Utterance, begin: float) -> NDArray[np.float32]:
    """Find the spoken words among the tokens, in order."""
    # ASCII, so a character is a byte, and all replacements but the tag's keep their length.
    offset = len(normalize(text)) - len(text) + 1
    found: list[tuple[int, int, SpokenToken]] = []
    cursor = 0
    for token in utterance.tokens:
        at = text.find(token.text, cursor)
        if at >= 0:
            cursor = at + len(token.text)
            found.append((at + offset, cursor - 1 + offset, token))
    times = [_frames([token.start, token.end], begin) for _, _, token in found]
    rows = [(a, b, *when) for (a, b, _), when in zip(found, times, strict=True)]
    return np.array(rows, np.float32).reshape(-1, 4)
