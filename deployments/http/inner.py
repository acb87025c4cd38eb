"""The application behind a middleware, asked by the middleware itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Scope

ANSWER_S = 30.0
"""Seconds after which an application is no longer waited for."""


@dataclass(frozen=True)
class InnerResponse:
    """The whole response of an application."""

    start: Mapping[str, Any]
    body: bytes

    @property
    def status(self) -> int:
        """The HTTP status."""
        return int(self.start["status"])

    @property
    def is_serves_own(self) -> bool:
        """True if the response is Serve's own and not the application's."""
        return is_serves_own(self.start)


def is_serves_own(start: Mapping[str, Any]) -> bool:
    """Tell whether an `http.response.start` begins an error of Serve's own: plain text."""
    headers = Headers(raw=start.get("headers", []))
    return start["status"] >= 400 and headers.get("Content-Type", "").startswith("text/plain")


async def ask(app: ASGIApp, path: str, scope: Scope) -> InnerResponse | None:
    """Return the response to `GET path`, as if asked by the client of `scope`; None without one."""
    asked = asyncio.Event()
    started: list[Message] = []
    body = bytearray()

    async def receive() -> Message:
        if asked.is_set():
            await asyncio.Event().wait()  # the client stays until it is answered
        asked.set()
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            started.append(message)
        elif message["type"] == "http.response.body":
            body.extend(message.get("body", b""))

    path = scope.get("root_path", "") + path
    request = {
        **scope,
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [pair for pair in scope["headers"] if pair[0] == b"x-request-id"],
    }
    with suppress(Exception):  # for any reason: no answer came
        async with asyncio.timeout(ANSWER_S):
            await app(request, receive, send)
        return InnerResponse(started[0], bytes(body))
    return None
