"""A request's text as chunks, each spoken in one pass of the model."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from speech.limits import PassLimits
from speech.parameters import ModelParameters, complete
from speech.request import SpeechRequest
from speech.text.passage import make_passage
from speech.text.pronunciations import Pronunciations


@dataclass(frozen=True)
class Chunk:
    """Text to speak in one pass.

    Attributes:
        text: The words, non-blank.
        voice: The name of the voice that speaks them, or None for the default voice.
        seed: The seed of the chunk's random draws.
        pause_s: The silence before it; None where it is as the passes have it.
    """

    text: str
    voice: str | None
    seed: int
    pause_s: float | None = None


@dataclass(frozen=True)
class SpeechPlan:
    """A request's chunks in the order in which they are spoken; at least one.

    Attributes:
        closing_pause_s: The silence asked for after the last; None where none was.
        crossfade: Whether one chunk's silence fades into the next one's.
    """

    chunks: tuple[Chunk, ...]
    closing_pause_s: float | None
    crossfade: bool


def plan_chunks(
    request: SpeechRequest,
    defaults: ModelParameters,
    pronunciations: Pronunciations,
    limits: PassLimits,
) -> SpeechPlan:
    """Return the plan of a request.

    Args:
        request: The request to speak.
        defaults: The model's parameters where the request gives none.
        pronunciations: The server's; the request's own come before them.
        limits: The most that the engine speaks in one pass.

    Raises:
        InvalidRequest: The request's parameters do not go with the defaults.
    """
    parameters = complete(request.given, defaults, limits.max_frames)
    own = {**pronunciations, **request.pronunciations}
    passage = make_passage(request.text, parameters, limits, own)
    chunks = tuple(
        Chunk(phrase.text, request.voice, chunk_seed(request.seed, index), phrase.pause_s)
        for index, phrase in enumerate(passage.phrases)
    )
    return SpeechPlan(chunks, passage.closing_pause_s, parameters.enable_crossfade)


def chunk_seed(seed: int, index: int) -> int:
    """Return the seed of a request's chunk: the request's own for the first, derived after it."""
    if index == 0:
        return seed
    digest = hashlib.blake2b(f"{seed}/{index}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
