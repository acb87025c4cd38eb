"""A text as it is spoken: pieces of one pass each, and the silence between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from speech.errors import InvalidRequest
from speech.limits import PassLimits
from speech.parameters import ModelParameters
from speech.text.breaks import SPEAKER_TAG, Break
from speech.text.english.normalization import normalize
from speech.text.layout import drop_drawing, speaks
from speech.text.markup import drop_markup
from speech.text.pauses import split_at_pauses
from speech.text.pronunciations import Pronunciations, pronounce
from speech.text.splitting import Piece, split_text


class Phrase(NamedTuple):
    """The text of one pass, what the cut before it separates, and the silence asked for there."""

    text: str
    rank: Break
    asked_s: float | None = None


@dataclass(frozen=True)
class Passage:
    """Phrases in order; `asked_s` is the silence asked for after the last, if any was."""

    phrases: tuple[Phrase, ...]
    asked_s: float | None = None


def has_words(text: str) -> bool:
    """Tell whether a passage made of `text` says anything.

    Raises:
        InvalidRequest: A pause in it is not of 0 to 10 seconds.
    """
    return any(speaks(drop_markup(part.text)) for part in split_at_pauses(text))


def require_words(texts: Iterable[str], field: str) -> None:
    """Return if one of `texts`, which are parts of a request's `field`, says anything.

    Raises:
        InvalidRequest: None does, or a pause in one is not of 0 to 10 seconds.
    """
    try:
        said = [has_words(text) for text in texts]
    except InvalidRequest as error:
        raise InvalidRequest(error.message, field) from None
    if not any(said):
        raise InvalidRequest("Text cannot be empty", field)


def make_passage(
    text: str,
    parameters: ModelParameters,
    limits: PassLimits,
    pronunciations: Pronunciations = MappingProxyType({}),
    speaker: str = "",
    context: str = "",
) -> Passage:
    """Lay out `text`, write it out, and cut it.

    `speaker` is the tag that the text goes on under, `context` what else is said, to tell the
    language of a text that is short.

    Raises:
        InvalidRequest: A pause in it is not of 0 to 10 seconds.
    """
    phrases: list[Phrase] = []
    asked_s: float | None = None
    for part in split_at_pauses(text):
        if part.pause_s is not None:
            asked_s = (asked_s or 0.0) + part.pause_s
        rank = Break.CLUSTER
        written = pronounce(drop_drawing(drop_markup(part.text)), pronunciations)
        writes_out = parameters.normalize_text and speaks(written)  # "&" by itself says nothing
        said = normalize(written, context or text) if writes_out else written
        for piece in _pieces(said, parameters, limits, speaker):
            rank = max(rank, piece.rank)
            if not speaks(piece.text):
                continue
            phrases.append(Phrase(piece.text, rank, asked_s))
            asked_s, rank = None, Break.CLUSTER
        speaker = last_speaker(part.text, speaker)
    return Passage(tuple(phrases), asked_s)


def last_speaker(text: str, speaker: str) -> str:
    """Return the tag that what follows `text` goes on under, if `text` goes on under `speaker`."""
    tags: list[str] = SPEAKER_TAG.findall(text)
    return tags[-1] if tags else speaker


def _pieces(
    text: str, parameters: ModelParameters, limits: PassLimits, speaker: str
) -> list[Piece]:
    num_frames = parameters.sequence_length
    return split_text(
        text,
        parameters.max_chars_per_chunk,
        parameters.target_duration_seconds,
        limits if num_frames == "auto" else limits.shortened(num_frames),
        at_paragraphs=parameters.paragraph_pause_seconds > 0,
        speaker=speaker,
    )


def usual_pause_s(rank: Break, parameters: ModelParameters) -> float | None:
    """Return the pause at a cut of this rank; None where passes keep their own silence."""
    if not parameters.normalize_boundaries:
        return None
    if rank == Break.PARAGRAPH and parameters.paragraph_pause_seconds > 0:
        return parameters.paragraph_pause_seconds
    if rank >= Break.SENTENCE:
        return parameters.sentence_pause_seconds
    return parameters.clause_pause_seconds
