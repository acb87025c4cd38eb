"""The memory that request bodies take on their way to the application."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BYTES = 64 * 2**20
"""The most that waits of all bodies but one: then the longer ones are read no further."""
FREE_BYTES = 64 * 2**10
"""The part of each body that is read all the same: most are not longer."""


class BodyMemory:
    """ASGI middleware that reads bodies no faster than the application answers them.

    Serve takes what a client sends as it comes, and keeps it until the application asks: from
    clients that send faster than the application refuses them, without a bound.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._num_bytes = 0
        self._freed = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        own = 0

        async def receive_in_turn() -> Message:
            nonlocal own
            while own >= FREE_BYTES and self._num_bytes - own > MAX_BYTES:
                await self._freed.wait()
            message = await receive()
            added = len(message.get("body", b""))
            own += added
            self._num_bytes += added
            return message

        def free() -> None:
            nonlocal own
            self._num_bytes -= own
            own = 0
            self._freed.set()
            self._freed = asyncio.Event()

        async def send_and_free(message: Message) -> None:
            if message["type"] == "http.response.start":
                free()
            await send(message)

        try:
            await self._app(scope, receive_in_turn, send_and_free)
        finally:
            free()
