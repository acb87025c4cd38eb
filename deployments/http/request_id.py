"""A request id for every HTTP request and WebSocket: the client's own if usable, else a new one."""

from __future__ import annotations

import re
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "X-Request-ID"

USABLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
"""The pattern that the whole of a client's id must match."""
_WITH_HEADERS = ("http.response.start", "websocket.accept", "websocket.http.response.start")


class RequestIdMiddleware:
    """ASGI middleware that puts the id into the connection's state and the response's headers.

    Ray Serve's proxy gives a request without an id one, and answers HTTP with the id that came: it
    is not said twice. To a WebSocket the proxy does not say it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        request_id = usable_id(given)
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            is_said = message["type"] == "http.response.start" and request_id == given
            if message["type"] in _WITH_HEADERS and not is_said:
                message.setdefault("headers", [])
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        await self._app(scope, receive, send_with_id)


def usable_id(given: str) -> str:
    """Return a client's id, or a new one where it cannot be taken over into logs and headers."""
    return given if USABLE.fullmatch(given) else uuid.uuid4().hex


def request_id_of(connection: HTTPConnection) -> str:
    """Return the id the middleware gave a request or a WebSocket."""
    return str(connection.state.request_id)
