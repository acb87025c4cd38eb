"""ASGI middlewares for what clients do that the routes need not know of.

They ask with HEAD what GET would say, end a path with a slash, and speak HTTP/1.0.
"""

from __future__ import annotations

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def add_compatibility(api: FastAPI) -> None:
    """Let `api` answer clients of every manner."""
    for middleware in (WholeResponseForHTTP10, HeadAsGet, PathWithoutSlash):
        api.add_middleware(middleware)


class HeadAsGet:
    """Answers HEAD wherever GET is: the same status and headers, no body.

    Where `Allow` lists GET, it lists HEAD as well.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"

        async def send_as_asked(message: Message) -> None:
            if message["type"] == "http.response.start":
                _allow_head(MutableHeaders(raw=message["headers"]))
            elif is_head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"} if is_head else scope, receive, send_as_asked)


def _allow_head(headers: MutableHeaders) -> None:
    """List HEAD where GET is allowed."""
    allowed = headers.get("Allow", "").split(", ")
    if "GET" in allowed and "HEAD" not in allowed:
        headers["Allow"] = ", ".join([*allowed, "HEAD"])


class PathWithoutSlash:
    """Answers a path that ends in a slash as the one without.

    The framework would redirect to an absolute URL, which is wrong behind a proxy that ends TLS.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] in ("http", "websocket"):
            # Where the application is mounted, "<root>/" is its first page and stays.
            root, path = scope.get("root_path", "").rstrip("/"), scope["path"]
            shorter = path.rstrip("/")
            if shorter != path and shorter not in ("", root):
                scope = {**scope, "path": shorter}
        await self._app(scope, receive, send)


class WholeResponseForHTTP10:
    """Sends an HTTP/1.0 client its response whole, with its length: it knows no chunks."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http" or scope.get("http_version") != "1.0":
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body", False):
                headers = MutableHeaders(scope=start)
                headers.setdefault("Content-Length", str(len(body)))
                await send(start)
                await send({"type": "http.response.body", "body": bytes(body)})

        await self._app(scope, receive, collect)
