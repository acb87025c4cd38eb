"""ElevenLabs' WebSockets: `stream-input` for one text, `multi-stream-input` for several."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, WebSocket

from deployments.http.connection import Connection, text_of
from deployments.http.elevenlabs.alignment import CharacterTimes, TimedCharacters
from deployments.http.elevenlabs.request import DEFAULT_FORMAT, PREFIX, speech_body
from deployments.http.errors import end_websocket, error_message
from deployments.http.request_id import request_id_of
from deployments.sentence_audio import SentenceAudio, SentenceEnded, SentenceStarted
from deployments.service import SpeechService
from deployments.text_session import TextSession, UtteranceEnded, UtteranceFailed
from speech.errors import InvalidRequest, SpeechError
from speech.request import parse_speech_config
from speech.validation import is_utf8

MAX_CONTEXTS = 5
"""The most texts of one connection at a time, as at ElevenLabs."""

MAX_CONTEXT_ID_CHARS = 256
"""The longest name of a context, which every message about it repeats."""

IdleSeconds = Annotated[float | None, Query(alias="inactivity_timeout", gt=0, le=180)]


def text_stream_routes(service: SpeechService) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix=PREFIX)

    def add(path: str, *, several: bool) -> None:
        @router.websocket(path)
        async def text_stream(
            websocket: WebSocket,
            voice_id: str,
            output_format: str = DEFAULT_FORMAT,
            idle_s: IdleSeconds = None,
        ) -> None:
            request_id = request_id_of(websocket)
            with service.logging_refusal(request_id, "websocket"):
                speech_body(voice_id, output_format, {})  # a wrong format: refused by a response
            async with service.connection(request_id):
                await websocket.accept()
                connection = Connection(websocket, service, idle_s)
                dialect = ElevenLabsDialect(
                    connection,
                    service,
                    request_id,
                    voice_id,
                    output_format,
                    several=several,
                )
                try:
                    await connection.run(dialect)
                except SpeechError as error:
                    await end_websocket(websocket, error, dialect.error_message(error))

    add("/stream-input", several=False)
    add("/multi-stream-input", several=True)
    return router


class ElevenLabsDialect:
    """ElevenLabs' messages. Each text, which it calls a context, is a session of one utterance."""

    def __init__(
        self,
        connection: Connection,
        service: SpeechService,
        request_id: str,
        voice_id: str,
        output_format: str,
        *,
        several: bool,
    ) -> None:
        """`several`: whether messages name the context that they are about."""
        self._connection = connection
        self._service = service
        self._request_id = request_id
        self._voice_id = voice_id
        self._output_format = output_format
        self._several = several
        self._sessions: dict[str | None, TextSession] = {}
        self._begun: asyncio.Queue[tuple[str | None, TextSession] | None] = asyncio.Queue()
        """The sessions that are to be spoken, by context; None says that no more begin."""
        self._closed = False

    @property
    def is_idle(self) -> bool:
        """True if nothing is spoken until more text comes."""
        return all(session.is_idle for session in self._sessions.values())

    async def take(self, message: Mapping[str, Any]) -> None:
        """Do what a message asks for.

        Raises:
            SpeechError: The message is wrong.
        """
        if self._several:
            await self._take_one_of_several(message)
            return
        if text := text_of(message):
            await self._add(None, text, message)
        else:
            self.close()

    async def _take_one_of_several(self, message: Mapping[str, Any]) -> None:
        if message.get("close_socket"):
            self.close()
            return
        context_id = message.get("context_id", message.get("contextId"))
        if context_id is None and not message.get("text"):
            return  # it keeps the connection alive
        if not isinstance(context_id, str) or not is_utf8(context_id):
            raise InvalidRequest("Missing or invalid 'context_id' field (expected string)")
        if len(context_id) > MAX_CONTEXT_ID_CHARS:
            raise InvalidRequest(
                f"Invalid 'context_id': {len(context_id)} characters (max {MAX_CONTEXT_ID_CHARS})"
            )
        if not message.get("close_context"):
            text = text_of({"text": message.get("text") or ""})
            await self._add(context_id, text, message)
        elif context_id in self._sessions:
            self._sessions[context_id].close()

    async def _add(self, context_id: str | None, text: str, message: Mapping[str, Any]) -> None:
        session = self._sessions.get(context_id)
        if session is None:
            if not text:
                return
            session = await self._begin(context_id, message)
        if text:
            await session.add(text)
        if message.get("flush"):
            session.flush()

    async def _begin(self, context_id: str | None, message: Mapping[str, Any]) -> TextSession:
        if self._closed:
            raise InvalidRequest("The connection is closed to further text")
        if len(self._sessions) >= MAX_CONTEXTS:
            raise InvalidRequest(f"Too many contexts (max {MAX_CONTEXTS}): close one")
        body = speech_body(self._voice_id, self._output_format, message)
        request = parse_speech_config(body, self._service.pass_limits.max_frames)
        session = self._service.session(self._request_id, file_per_sentence=False)
        await session.configure(replace(request, timestamps=True))
        self._sessions[context_id] = session
        self._begun.put_nowait((context_id, session))
        return session

    async def speak(self) -> None:
        """Send the speech of every context until no more begin and all have ended.

        Raises:
            SpeechError: The one text of a connection cannot be spoken.
            WebSocketDisconnect: The client is gone.
        """
        try:
            async with asyncio.TaskGroup() as contexts:
                while (begun := await self._begun.get()) is not None:
                    contexts.create_task(self._speak_context(*begun))
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    def close(self) -> None:
        """Take no more text."""
        self._closed = True
        for session in self._sessions.values():
            session.close()
        self._begun.put_nowait(None)

    def error_message(self, error: SpeechError) -> Mapping[str, Any]:
        """Return the message that tells of an error."""
        told = error_message(error)
        return {"message": told["message"], "error": told["message"], "code": error.code}

    async def _speak_context(self, context_id: str | None, session: TextSession) -> None:
        name = {} if context_id is None else {"contextId": context_id}
        times = CharacterTimes("")
        told_s = 0.0  # the times of a message begin where those of the one before end
        async with aclosing(session.events()) as events:
            async for happened in events:
                match happened.event:
                    case SentenceStarted(text=text):
                        # The next sentence's characters follow; of a pause there are none.
                        times = CharacterTimes(f"{text} " if text else "", told_s)
                    case SentenceAudio(audio=audio, words=words):
                        timed = times.take(words)
                        await self._send_audio(audio, timed, told_s, name)
                        if words:
                            told_s = words[-1].end
                    case SentenceEnded():
                        rest = times.take((), last=True)
                        if rest.characters:
                            await self._send_audio(b"", rest, told_s, name)
                    case UtteranceFailed(error=error):
                        if not self._several:
                            raise error
                        await self._connection.send({**self.error_message(error), **name})
                    case UtteranceEnded():
                        await self._connection.send({"audio": None, "isFinal": True, **name})
        self._sessions.pop(context_id)

    async def _send_audio(
        self, audio: bytes, timed: TimedCharacters, told_s: float, name: Mapping[str, str]
    ) -> None:
        """Send audio and the characters whose times are known, in ms since `told_s`."""
        alignment = timed.by_millisecond(told_s) if timed.characters else None
        await self._connection.send(
            {
                "audio": base64.b64encode(audio).decode(),
                "isFinal": None,
                "alignment": alignment,
                "normalizedAlignment": alignment,
                **name,
            }
        )
