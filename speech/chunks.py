"""A request's text as chunks, each spoken in one pass of the model."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from speech.limits import PassLimits
from speech.request import SpeechRequest
from speech.text.splitting import split_text


@dataclass(frozen=True)
class Chunk:
    """Text to speak in one pass.

    Attributes:
        text: The words, non-blank.
        voice: The name of the voice that speaks them, or None for the default voice.
        seed: The seed of the chunk's random draws.
    """

    text: str
    voice: str | None
    seed: int


def plan_chunks(request: SpeechRequest, limits: PassLimits) -> list[Chunk]:
    """Return the chunks of a request, in the order in which they are spoken.

    Args:
        request: The request to speak.
        limits: The most that the engine speaks in one pass.
    """
    parameters = request.parameters
    num_frames = parameters.sequence_length
    texts = split_text(
        request.text,
        parameters.max_chars_per_chunk,
        parameters.target_duration_seconds,
        limits if num_frames == "auto" else limits.shortened(num_frames),
    )
    return [
        Chunk(text, request.voice, chunk_seed(request.seed, index))
        for index, text in enumerate(texts)
    ]


def chunk_seed(seed: int, index: int) -> int:
    """Return the seed of a request's chunk: the request's own for the first, derived after it."""
    if index == 0:
        return seed
    digest = hashlib.blake2b(f"{seed}/{index}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
