"""The middlewares in front of the ingress, in Ray Serve's HTTP server.

Serve calls `middlewares` where RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH names it: in its
proxy, and behind HAProxy in each ingress.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from functools import partial

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deployments.http.body_memory import BodyMemory
from deployments.http.errors import error_response, status_response
from deployments.http.inner import ask, is_serves_own
from deployments.http.plain_websockets import use_plain_websockets
from deployments.http.probes import Probes
from deployments.http.request_id import HEADER, usable_id
from speech.errors import InternalError, NotReady, Overloaded

logger = logging.getLogger(__name__)

SERVES_OWN = ("x-request-timeout-seconds", "x-request-disconnect-disabled")
"""Headers by which Serve lets a caller change how a request is handled: not for our callers."""
SERVES_ROUTING = ("serve_multiplexed_model_id", "x_session_id")
"""Headers that Serve routes by, in its spelling, in which dashes are underscores."""

BEHIND_HAPROXY = "RAY_SERVE_ENABLE_HA_PROXY"
"""The variable that is 1 where HAProxy is in front."""

CLIENT_LEFT = 499
"""Serve's status where nobody is left to read an answer; HTTP has none."""


def middlewares() -> list[Middleware]:
    """Return the middlewares for Serve's proxy, the innermost first; called before it serves."""
    use_plain_websockets()
    # HAProxy itself says that a server is starting: what is behind it then has been lost.
    tells_start = os.environ.get(BEHIND_HAPROXY) != "1"
    return [Middleware(Probes, tells_start), Middleware(BodyMemory), Middleware(OneErrorShape)]


class OneErrorShape:
    """ASGI middleware that keeps callers and Serve's own conventions apart.

    Headers that Serve acts on do not reach it. Every request has exactly one usable id. What Serve
    answers in plain text, and what it would leave to the HTTP server, becomes OpenAI's shape.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        scope, request_id = _with_clean_headers(scope)
        if scope["type"] == "websocket":
            await self._app(scope, receive, partial(_send_if_there, send))
            return
        if scope["path"].startswith("/-/"):
            await self._app(scope, receive, send)
            return
        replaced = started = False

        async def send_in_shape(message: Message) -> None:
            nonlocal replaced, started
            if message["type"] == "http.response.start":
                replaced = is_serves_own(message) and message["status"] != CLIENT_LEFT
                started = True
                if replaced:
                    response = await self._error(message["status"], request_id, scope)
                    await response(scope, receive, send)
            if not replaced:
                await send(message)

        try:
            await self._app(scope, receive, send_in_shape)
        except Exception as error:
            if started:  # the server ends the connection, so that the client can tell
                raise
            logger.error("request %s failed in the proxy: %s", request_id, type(error).__name__)
        if not started:  # Serve leaves it to the server to answer for an ingress that died
            response = await self._error(500, request_id, scope)
            await response(scope, receive, send)

    async def _error(self, status: int, request_id: str, scope: Scope) -> Response:
        if status == 500:
            response = error_response(InternalError.of_request(request_id))
        elif status == 503:
            response = error_response(Overloaded())
        elif status == 404 and not await self._knows_routes(scope):
            response = error_response(NotReady("The server is still starting, retry later"))
        else:
            response = status_response(status, f"{scope['method']} {scope['path']}")
        response.headers[HEADER] = request_id
        return response

    async def _knows_routes(self, scope: Scope) -> bool:
        """Tell whether Serve knows of an application yet: if not, every path is unknown to it."""
        routes = await ask(self._app, "/-/routes", scope)
        return routes is None or (routes.status != 503 and routes.body != b"{}")


async def _send_if_there(send: Send, message: Message) -> None:
    """Send to a WebSocket; one whose client has left is told so by what it receives next."""
    with suppress(OSError):  # Serve would log a traceback for each client that leaves
        await send(message)


def _with_clean_headers(scope: Scope) -> tuple[Scope, str]:
    """Return the connection without what only Serve may say, and its one request id."""
    scope = {**scope, "headers": [pair for pair in scope["headers"] if not _is_serves(pair[0])]}
    headers = MutableHeaders(scope=scope)
    request_id = usable_id(headers.get(HEADER, ""))
    del headers[HEADER]
    headers.append(HEADER, request_id)
    return scope, request_id


def _is_serves(name: bytes) -> bool:
    written = name.decode("latin-1").lower()
    return written in SERVES_OWN or written.replace("-", "_") in SERVES_ROUTING
