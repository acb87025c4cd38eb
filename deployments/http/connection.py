"""An open WebSocket that text comes over and speech goes over, in any dialect."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from fastapi import WebSocket
from starlette.websockets import WebSocketDisconnect

from deployments.http.json_text import parse_object
from deployments.http.request_id import request_id_of
from deployments.service import SpeechService
from speech.concurrency import stop
from speech.errors import BodyTooLarge, Idle, InvalidRequest, SpeechError

_NORMAL, _GOING_AWAY = 1000, 1001
"""Close codes."""


class Dialect(Protocol):
    """The meaning of one protocol's messages."""

    @property
    def is_idle(self) -> bool:
        """True if nothing is spoken until more text comes."""

    async def take(self, message: Mapping[str, Any]) -> None:
        """Do what a message asks for.

        Raises:
            SpeechError: The message is wrong; the connection goes on.
        """

    async def speak(self) -> None:
        """Send what there is to send, until nothing more will come.

        Raises:
            SpeechError: It cannot go on.
        """

    def close(self) -> None:
        """Take no more text; `speak` returns when all that has come has been spoken."""

    def error_message(self, error: SpeechError) -> Mapping[str, Any]:
        """Return the message that tells of an error."""


class Connection:
    """An open WebSocket. Several tasks may send; their frames go out one at a time."""

    def __init__(
        self, websocket: WebSocket, service: SpeechService, idle_s: float | None = None
    ) -> None:
        """`idle_s`: the longest time in which nothing happens; None for the service's own."""
        self._websocket = websocket
        self._service = service
        self._idle_s = idle_s or service.limits.idle_s
        self._sending, self._taking = asyncio.Lock(), asyncio.Lock()
        self._active_s = asyncio.get_running_loop().time()  # when something last happened

    async def send(self, message: Mapping[str, Any] | bytes) -> None:
        """Send bytes as they are, or a message as JSON; return when the server has taken it.

        Raises:
            WebSocketDisconnect: The client is gone, or has taken nothing for a deadline's time.
        """
        try:
            async with asyncio.timeout(self._service.limits.deadline_s), self._sending:
                if isinstance(message, bytes):
                    await self._websocket.send_bytes(message)
                else:
                    await self._websocket.send_json(message)
        except TimeoutError:
            raise WebSocketDisconnect(_GOING_AWAY) from None
        self._note_activity()

    async def run(self, dialect: Dialect) -> None:
        """Talk until the client goes, the dialect ends or the server stops; free all then.

        Raises:
            SpeechError: Nothing happened for too long, or the dialect cannot go on.
        """
        receiving = asyncio.create_task(self._receive(dialect))
        speaking = asyncio.create_task(dialect.speak())
        stopping = asyncio.create_task(self._service.drained())
        tasks = {receiving, speaking, stopping}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            stops = stopping.done()
            if stops:
                async with self._taking:  # else text that is still being read would be lost
                    dialect.close()
                await asyncio.wait({receiving, speaking}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await stop(*tasks)
        errors = [task.exception() for task in tasks if not task.cancelled()]
        is_gone = any(isinstance(error, WebSocketDisconnect) for error in errors)
        for error in errors:
            if error is not None and not isinstance(error, WebSocketDisconnect):
                raise error
        if not is_gone:
            await self._websocket.close(_GOING_AWAY if stops else _NORMAL)

    async def _receive(self, dialect: Dialect) -> None:
        """Take messages until the client is gone; a wrong one is answered with an error."""
        request_id = request_id_of(self._websocket)
        while True:
            frame = await self._frame(dialect)
            try:
                with self._service.logging_refusal(request_id, "websocket"):
                    async with self._taking:
                        await dialect.take(self._parse(frame))
            except SpeechError as error:
                await self.send(dialect.error_message(error))

    async def _frame(self, dialect: Dialect) -> str | None:
        """Return the next frame's text, None of a binary one.

        Raises:
            Idle: None came while nothing was spoken either.
            WebSocketDisconnect: The client is gone.
        """
        self._note_activity()  # the frame before this one has been taken
        receiving = asyncio.create_task(self._websocket.receive())
        try:
            while not (await asyncio.wait({receiving}, timeout=self._idle_left_s))[0]:
                if not dialect.is_idle:
                    self._note_activity()
                elif self._idle_left_s <= 0:
                    raise Idle.after(self._idle_s)
        finally:
            receiving.cancel()
        frame = receiving.result()
        if frame["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(frame.get("code", _NORMAL))
        text: str | None = frame.get("text")
        return text

    def _note_activity(self) -> None:
        """Start the idle time over: something was sent, received or spoken."""
        self._active_s = asyncio.get_running_loop().time()

    @property
    def _idle_left_s(self) -> float:
        """The seconds after which the connection is idle if nothing happens until then."""
        return self._active_s + self._idle_s - asyncio.get_running_loop().time()

    def _parse(self, frame: str | None) -> Mapping[str, Any]:
        """Return the message in a frame.

        Raises:
            InvalidRequest: There is none.
            BodyTooLarge: It is longer than a request's body may be.
        """
        if frame is None:
            raise InvalidRequest("Send messages as text frames of JSON")
        max_bytes = self._service.limits.max_body_bytes
        if len(frame) > max_bytes:
            raise BodyTooLarge(f"Message too large (max {max_bytes} bytes)")
        return parse_object(frame, "message")


def text_of(message: Mapping[str, Any]) -> str:
    """Return the field `text`.

    Raises:
        InvalidRequest: It is not there, or no string.
    """
    text = message.get("text")
    if not isinstance(text, str):
        raise InvalidRequest("Missing or invalid 'text' field (expected string)", "text")
    return text
