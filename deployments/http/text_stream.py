"""`WS /v1/audio/speech/stream`: text as it is written, with the messages of vLLM-Omni."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, WebSocket

from deployments.http.connection import Connection, text_of
from deployments.http.errors import error_message
from deployments.http.request_id import request_id_of
from deployments.sentence_audio import SentenceAudio, SentenceEnded, SentenceStarted
from deployments.service import SpeechService
from deployments.telemetry.request_record import word_times
from deployments.text_session import SessionEvent, TextSession, UtteranceEnded, UtteranceFailed
from deployments.utterance import Utterance
from speech.errors import InvalidRequest, SpeechError
from speech.request import parse_speech_config
from speech.timestamps import TimedWord
from speech.validation import shown


def text_stream_routes(service: SpeechService) -> APIRouter:
    """Return the route."""
    router = APIRouter()

    @router.websocket("/v1/audio/speech/stream")
    async def text_stream(websocket: WebSocket) -> None:
        request_id = request_id_of(websocket)
        async with service.connection(request_id):
            await websocket.accept()
            connection = Connection(websocket, service)
            session = service.session(request_id, file_per_sentence=True)
            dialect = OmniDialect(connection, session, service.pass_limits.max_frames)
            await connection.run(dialect)

    return router


class OmniDialect:
    """vLLM-Omni's messages over one session; `input.cancel` is ours."""

    def __init__(self, connection: Connection, session: TextSession, max_frames: int) -> None:
        self._connection = connection
        self._session = session
        self._max_frames = max_frames
        self._sentence_index: int | None = None
        self._num_bytes = 0

    @property
    def is_idle(self) -> bool:
        """True if nothing is spoken until more text comes."""
        return self._session.is_idle

    async def take(self, message: Mapping[str, Any]) -> None:
        """Do what a message asks for.

        Raises:
            SpeechError: The message is wrong.
        """
        match message.get("type"):
            case "session.config":
                await self._session.configure(parse_speech_config(message, self._max_frames))
            case "input.text":
                await self._session.add(text_of(message))
            case "input.done":
                self._session.finish()
            case "input.cancel":
                self._session.cancel()
            case "session.close":
                self._session.close()
            case other:
                raise InvalidRequest(
                    f"Unknown message type {shown(other)} (known: session.config, input.text, "
                    "input.done, input.cancel, session.close)",
                    "type",
                )

    async def speak(self) -> None:
        """Send what happens in the session until it ends."""
        async with aclosing(self._session.events()) as events:
            async for event in events:
                await self._tell(event)

    async def _tell(self, happened: SessionEvent) -> None:
        utterance, event = happened.utterance, happened.event
        match event:
            case SentenceStarted():
                self._sentence_index = event.index
                self._num_bytes = 0
                await self._send(
                    "audio.start",
                    utterance,
                    sentence_index=event.index,
                    sentence_text=event.text,
                    format=utterance.request.output_format,
                    sample_rate=utterance.request.sample_rate,
                )
            case SentenceAudio():
                self._num_bytes += len(event.audio)
                if event.audio:
                    await self._connection.send(event.audio)
            case SentenceEnded():
                await self._end_sentence(utterance, event.words, failed=False)
            case UtteranceFailed():
                await self._end_sentence(utterance, (), failed=True)
                await self._connection.send(error_message(event.error))
            case UtteranceEnded():
                await self._end_sentence(utterance, (), failed=True)
                await self._send("session.done", utterance, total_sentences=event.num_sentences)

    async def _end_sentence(
        self, utterance: Utterance, words: Iterable[TimedWord], *, failed: bool
    ) -> None:
        """Tell that the audio of the sentence under way, if one is, is over."""
        if self._sentence_index is None:
            return
        timed = {"words": word_times(words)} if utterance.request.timestamps else {}
        await self._send(
            "audio.done",
            utterance,
            sentence_index=self._sentence_index,
            total_bytes=self._num_bytes,
            error=failed,
            **timed,
        )
        self._sentence_index = None

    async def _send(self, kind: str, utterance: Utterance, **fields: object) -> None:
        await self._connection.send({"type": kind, "utterance_index": utterance.index, **fields})

    def close(self) -> None:
        """Take no more text."""
        self._session.close()

    def error_message(self, error: SpeechError) -> Mapping[str, Any]:
        """Return the message that tells of an error."""
        return error_message(error)
