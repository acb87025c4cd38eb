"""A session in which text is spoken as it is written, over any protocol."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from deployments.limits import Limits
from deployments.pipeline import SpeechPipeline
from deployments.sentence_audio import SentenceAudio, SentenceEnded, SentenceEvent
from deployments.supervision import Supervision
from deployments.telemetry.request_record import RequestRecord
from deployments.utterance import Utterance
from speech.errors import BodyTooLarge, Cancelled, InvalidRequest, SpeechError
from speech.parameters import ModelParameters
from speech.request import SpeechRequest

MAX_UTTERANCES = 16
"""The most utterances that may wait to be spoken."""


@dataclass(frozen=True)
class UtteranceFailed:
    """An utterance cannot be spoken any further; its remaining text is dropped."""

    error: SpeechError


@dataclass(frozen=True)
class UtteranceEnded:
    """Nothing more of an utterance comes."""

    num_sentences: int


@dataclass(frozen=True)
class SessionEvent:
    """An event of an utterance."""

    utterance: Utterance
    event: SentenceEvent | UtteranceFailed | UtteranceEnded


class TextSession:
    """Takes text in fragments and yields its speech: utterance after utterance, in order.

    The receiving task calls the methods, the sending task takes `events`. Each utterance is spoken
    like one request: with one voice and seed, a place of the ingress while there is something to
    speak, a deadline that each sentence renews, and a record.

    Args:
        request_id: Names the session's utterances in the log.
        pipeline: The path that each utterance takes.
        supervision: The bounds and the log of each utterance.
        limits: Bounds on requests.
        require_open: Raises if the server takes no more requests.
        file_per_sentence: Whether the audio of each sentence is a file of its own, or that of each
            utterance one.
    """

    def __init__(
        self,
        request_id: str,
        pipeline: SpeechPipeline,
        supervision: Supervision,
        limits: Limits,
        require_open: Callable[[], None],
        *,
        file_per_sentence: bool,
    ) -> None:
        self._request_id = request_id
        self._pipeline = pipeline
        self._supervision = supervision
        self._limits = limits
        self._require_open = require_open
        self._file_per_sentence = file_per_sentence
        self._style: tuple[SpeechRequest, ModelParameters] | None = None
        self._num_utterances = 0
        self._waiting: deque[Utterance] = deque()  # the one being spoken first, the open one last
        self._came = asyncio.Event()
        self._closed = False

    @property
    def is_idle(self) -> bool:
        """True if nothing is spoken until more text comes."""
        return all(utterance.is_quiet for utterance in self._waiting)

    async def configure(self, request: SpeechRequest) -> None:
        """Speak utterances from the next one on like `request`; its text plays no part.

        Raises:
            InvalidRequest: An utterance has begun and not ended, or the request's parameters do not
                go with the model's.
            SpeechError: No sampler tells the model's in time.
        """
        if self._open is not None:
            raise InvalidRequest("The configuration changes between utterances only: end this one")
        deadline = self._supervision.deadline()
        with self._supervision.watch.guard(deadline):
            parameters = await deadline.run(self._pipeline.parameters(request))
        self._style = (request, parameters)

    async def add(self, fragment: str) -> None:
        """Take the next part of the utterance, or the first of a new one.

        Raises:
            InvalidRequest: The session is not configured, or the fragment is too long or holds half
                a character; it is dropped.
            BodyTooLarge: More text waits to be spoken than may; the fragment is dropped.
        """
        max_chars = self._limits.max_text_chars
        if len(fragment) > max_chars:
            raise InvalidRequest.too_long(len(fragment), max_chars, "text")
        num_waiting = len(fragment) + sum(utterance.num_waiting for utterance in self._waiting)
        if num_waiting > self._limits.max_body_bytes:
            raise BodyTooLarge(
                f"Too much text waits (max {self._limits.max_body_bytes} characters): "
                "send more when some has been spoken"
            )
        await (self._open or self._begin()).add(fragment)

    def flush(self) -> None:
        """Let what has come of the utterance be spoken, its last sentence ended or not."""
        if self._open is not None:
            self._open.flush()

    def finish(self) -> None:
        """End the utterance; one without text ends all the same.

        Raises:
            InvalidRequest: The session is not configured.
            BodyTooLarge: Too many utterances wait.
        """
        (self._open or self._begin()).finish()

    def cancel(self) -> None:
        """Drop all text that has come, and stop what is being spoken within a step."""
        for utterance in self._waiting:
            utterance.cancel()

    def close(self) -> None:
        """Take no more text; `events` ends when all that has come has been spoken."""
        self._closed = True
        if self._open is not None:
            self._open.finish()
        self._came.set()

    async def events(self) -> AsyncGenerator[SessionEvent, None]:
        """Yield what happens; closing it frees all that the session holds."""
        while True:
            while not self._waiting:
                if self._closed:
                    return
                self._came.clear()
                await self._came.wait()
            utterance = self._waiting[0]
            async with aclosing(self._spoken(utterance)) as events:
                async for event in events:
                    yield SessionEvent(utterance, event)
            self._waiting.popleft()

    @property
    def _open(self) -> Utterance | None:
        """The utterance whose text is still coming."""
        last = self._waiting[-1] if self._waiting else None
        return None if last is None or last.finished else last

    def _begin(self) -> Utterance:
        if self._closed:
            raise InvalidRequest("The session is closed")
        if self._style is None:
            raise InvalidRequest("The session has no configuration: send that first")
        if len(self._waiting) >= MAX_UTTERANCES:
            raise BodyTooLarge(f"Too many utterances wait (max {MAX_UTTERANCES})")
        utterance = Utterance(self._num_utterances, *self._style)
        self._num_utterances += 1
        self._waiting.append(utterance)
        self._came.set()
        return utterance

    async def _spoken(
        self, utterance: Utterance
    ) -> AsyncGenerator[SentenceEvent | UtteranceFailed | UtteranceEnded, None]:
        num_sentences = 0
        await utterance.begun()
        try:
            async with aclosing(self._sentence_events(utterance)) as events:
                async for event in events:
                    num_sentences += isinstance(event, SentenceEnded)
                    yield event
        except Cancelled:
            pass
        except SpeechError as error:
            utterance.drop()
            yield UtteranceFailed(error)
            await utterance.over()
        yield UtteranceEnded(num_sentences)

    async def _sentence_events(self, utterance: Utterance) -> AsyncGenerator[SentenceEvent, None]:
        """Yield the audio of an utterance that has a sentence, under supervision."""
        if utterance.is_empty:
            return
        record = RequestRecord(self._request_id, "websocket", streamed=True)
        with self._supervision.over(record) as (deadline, place):
            self._require_open()
            events = self._pipeline.sentences(
                utterance.request,
                utterance.sentences(deadline, place),
                record,
                file_per_sentence=self._file_per_sentence,
            )
            async with aclosing(events):
                while (event := await deadline.run(anext(events, None))) is not None:
                    if isinstance(event, SentenceAudio) and event.audio:
                        record.delivered()
                    if isinstance(event, SentenceEnded):
                        utterance.sentence_ended()
                    yield event
