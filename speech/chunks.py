"""A request's text as chunks, each spoken in one pass of the model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from speech.errors import InvalidRequest
from speech.limits import PassLimits
from speech.parameters import ModelParameters, complete
from speech.request import SpeechRequest
from speech.text.breaks import Break
from speech.text.incremental import Sentence
from speech.text.passage import last_speaker, make_passage, usual_pause_s
from speech.text.pronunciations import Pronunciations
from speech.text.turns import split_turns, voice_of, without_tags
from speech.timestamps import Timestamps

_CONTEXT_CHARS = 1000
"""How much of what was said last tells the language of a sentence or turn that is short."""


@dataclass(frozen=True)
class Chunk:
    """Text to speak in one pass.

    Attributes:
        text: The words, non-blank.
        voice: The name of the voice that speaks them, or None for that of the request.
        seed: The seed of the chunk's random draws.
        pause_s: The silence before it, at ordinary speed; None where it is as the passes have it.
    """

    text: str
    voice: str | None
    seed: int
    pause_s: float | None = None


@dataclass(frozen=True)
class SpeechPlan:
    """A request's chunks in the order in which they are spoken; at least one.

    Attributes:
        closing_pause_s: The silence asked for after the last, at ordinary speed; None where none
            was.
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
    max_audio_s: float,
) -> SpeechPlan:
    """Return the plan of a request.

    Args:
        request: The request to speak.
        defaults: The model's parameters where the request gives none.
        pronunciations: The server's; the request's own come before them.
        limits: The most that the engine speaks in one pass.
        max_audio_s: The most that the request's audio may last.

    Raises:
        InvalidRequest: The request's parameters do not go with the defaults, its tags with its
            voices, or its pauses with the longest audio.
    """
    parameters = complete(request.given, defaults, limits.max_frames)
    planner = ChunkPlanner(request, parameters, pronunciations, limits, max_audio_s)
    chunks = tuple(planner.plan(Sentence(request.text, Break.PARAGRAPH)))
    return SpeechPlan(chunks, planner.closing_pause_s, planner.crossfade)


class ChunkPlanner:
    """Plans a request whose text comes sentence by sentence, with the seeds and pauses of a whole.

    Attributes:
        crossfade: Whether one chunk's silence fades into the next one's.

    Args:
        request: The request to speak; its text plays no part.
        parameters: Its parameters over the model's defaults.
        pronunciations: The server's; the request's own come before them.
        limits: The most that the engine speaks in one pass.
        max_audio_s: The most that the request's audio may last.
    """

    def __init__(
        self,
        request: SpeechRequest,
        parameters: ModelParameters,
        pronunciations: Pronunciations,
        limits: PassLimits,
        max_audio_s: float,
    ) -> None:
        self.crossfade = parameters.enable_crossfade
        self._request = request
        self._parameters = parameters
        self._pronunciations = {**pronunciations, **request.pronunciations}
        self._limits = limits
        self._max_audio_s = max_audio_s
        self._pauses_s = 0.0  # before the chunks so far, at ordinary speed
        self._asked_s: float | None = None  # since the last chunk
        self._speaker = ""  # the tag that the next sentence goes on under
        self._context = ""
        self._num_chunks = 0

    @property
    def closing_pause_s(self) -> float | None:
        """The silence asked for after the last chunk, at ordinary speed; None where none was."""
        return None if self._asked_s is None else self._asked_s * self._request.speed

    def plan(self, sentence: Sentence) -> list[Chunk]:
        """Return the chunks of the next sentence; none where it only asks for a pause.

        Raises:
            InvalidRequest: A pause in it is not of 0 to 10 seconds, all pauses are longer than the
                audio may be, or a turn in it has no voice.
        """
        self._context = f"{self._context} {sentence.text.strip()}"[-_CONTEXT_CHARS:]
        chunks = self._turns(sentence)
        self._pauses_s += sum(chunk.pause_s or 0.0 for chunk in chunks)
        pauses_s = (self._pauses_s + (self.closing_pause_s or 0.0)) / self._request.speed
        if pauses_s > self._max_audio_s:
            raise InvalidRequest.pauses_too_long(pauses_s, self._max_audio_s)
        return chunks

    def _turns(self, sentence: Sentence) -> list[Chunk]:
        voices = self._request.voices
        if not voices:
            chunks = self._plan(sentence, self._request.voice, self._speaker)
            self._speaker = last_speaker(sentence.text, self._speaker)
            return chunks
        chunks = []
        for turn in split_turns(sentence.text, self._speaker, sentence.rank):
            self._speaker = turn.speaker
            voice = voice_of(turn.speaker, voices) if turn.speaker else self._request.voice
            chunks += self._plan(Sentence(turn.text, turn.rank), voice, "")
        return chunks

    def _plan(self, sentence: Sentence, voice: str | None, speaker: str) -> list[Chunk]:
        """Return the chunks of what one voice says, under the model's own tag `speaker`."""
        passage = make_passage(
            sentence.text,
            self._parameters,
            self._limits,
            self._pronunciations,
            speaker,
            self._context,
        )
        chunks = []
        for index, phrase in enumerate(passage.phrases):
            pause_s = self._pause_s(phrase.rank if index else sentence.rank, phrase.asked_s)
            seed = chunk_seed(self._request.seed, self._num_chunks)
            chunks.append(Chunk(phrase.text, voice, seed, pause_s))
            self._num_chunks += 1
        self._asked_s = _added(self._asked_s, passage.asked_s)
        return chunks

    def _pause_s(self, rank: Break, asked_s: float | None) -> float | None:
        """Return the silence before the next chunk: what was asked for, or else the usual."""
        asked_s, self._asked_s = _added(self._asked_s, asked_s), None
        if asked_s is not None:
            return asked_s * self._request.speed
        return usual_pause_s(rank, self._parameters) if self._num_chunks else None


def word_timestamps(request: SpeechRequest, text: str, chunks: Sequence[Chunk]) -> Timestamps:
    """Return the times of the words of `text`, all or part of a request's, as `chunks` say it."""
    written = without_tags(text) if request.voices else text
    return Timestamps(written, [chunk.text for chunk in chunks], request.speed)


def _added(pause_s: float | None, further_s: float | None) -> float | None:
    return pause_s if further_s is None else (pause_s or 0.0) + further_s


def chunk_seed(seed: int, index: int) -> int:
    """Return the seed of a request's chunk: the request's own for the first, derived after it."""
    if index == 0:
        return seed
    digest = hashlib.blake2b(f"{seed}/{index}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
