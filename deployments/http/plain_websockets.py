"""WebSockets whose messages come as they are sent, not unpacked.

uvicorn unpacks what it has read before the application can refuse any of it: from one read of a
socket a dozen messages of 16 MiB, of 15 kB each. For seconds no other request goes on, and Serve
replaces an ingress that does not answer for that long. It has no option for this.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.config import WS_PROTOCOLS, Config
from uvicorn.protocols.websockets.auto import AutoWebSocketsProtocol


def use_plain_websockets() -> None:
    """Let uvicorn's servers that start from now on decline compression."""
    WS_PROTOCOLS["auto"] = f"{__name__}:plain_websocket"


def plain_websocket(config: Config, **connection: Any) -> asyncio.Protocol:
    """Return uvicorn's own protocol for a connection, without compression."""
    assert AutoWebSocketsProtocol is not None
    config.ws_per_message_deflate = False
    return AutoWebSocketsProtocol(config=config, **connection)
