"""WebSockets without compression, and with a bound on the size of a message.

uvicorn unpacks what it has read before the application can refuse any of it: from one read of a
socket a dozen messages of 16 MiB, of 15 kB each. For seconds no other request goes on, and Serve
replaces an ingress that does not answer for that long. Messages that are sent in full take three
times their size, per connection. Serve has no option for either.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.config import WS_PROTOCOLS, Config
from uvicorn.protocols.websockets.auto import AutoWebSocketsProtocol


class _Bound:
    """The size from which a message ends its connection; uvicorn's own until it is set."""

    max_bytes = 16 * 2**20


def use_plain_websockets() -> None:
    """Let uvicorn's servers that start from now on decline compression."""
    WS_PROTOCOLS["auto"] = f"{__name__}:plain_websocket"


def bound_messages(max_bytes: int) -> None:
    """End connections of this process that begin from now on at a message of more than that."""
    _Bound.max_bytes = max_bytes


def plain_websocket(config: Config, **connection: Any) -> asyncio.Protocol:
    """Return uvicorn's own protocol for a connection, without compression and with our bound."""
    assert AutoWebSocketsProtocol is not None
    config.ws_per_message_deflate = False
    config.ws_max_size = _Bound.max_bytes
    return AutoWebSocketsProtocol(config=config, **connection)
