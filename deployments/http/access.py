"""Access over HTTP and WebSocket: API keys, and the origins that browsers may call from."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection

from deployments.http.body import is_json
from deployments.http.request_id import HEADER as REQUEST_ID_HEADER
from speech.errors import BadKey, ForeignOrigin

EXPOSED_HEADERS = (
    REQUEST_ID_HEADER,
    "X-Seed",
    "X-Audio-Sample-Rate",
    "X-Engine",
    "Retry-After",
)
"""Headers that scripts in a browser may read, beside the standard ones."""

_DEFAULT_PORTS = {"http": ":80", "ws": ":80", "https": ":443", "wss": ":443"}


@dataclass(frozen=True)
class Access:
    """The callers that are let in.

    Attributes:
        api_keys: The keys that open the API; empty if callers need none.
        cors_origins: Origins that browsers may call from, `*` for any.
    """

    api_keys: tuple[str, ...] = field(default=(), repr=False)
    cors_origins: tuple[str, ...] = ()

    async def require(self, connection: HTTPConnection) -> None:
        """Return if the caller may call; a dependency of HTTP and WebSocket routes alike.

        Raises:
            BadKey: Keys are set, and the caller sent none of them.
            ForeignOrigin: None are, and it is a web page that may not call.
        """
        if self.api_keys:
            if not self._has_key(connection):
                raise BadKey("Missing or wrong API key: send 'Authorization: Bearer <key>'")
        elif not _asks_first(connection) and self._is_foreign(connection):
            raise ForeignOrigin("This Origin may not call: the setting cors_origins says which may")

    def add_cors(self, api: FastAPI) -> None:
        """Let browsers call `api` from the origins set, if any."""
        if self.cors_origins:
            api.add_middleware(
                CORSMiddleware,
                allow_origins=self.cors_origins,
                allow_methods=["GET", "HEAD", "POST"],
                allow_headers=["*"],  # OpenAI's SDKs send a dozen of their own
                expose_headers=EXPOSED_HEADERS,
            )

    def _is_foreign(self, connection: HTTPConnection) -> bool:
        """Tell whether a web page calls whose origin is neither ours nor let in."""
        headers = connection.headers
        origin = headers.get("Origin")
        if origin is None or not {origin, "*"}.isdisjoint(self.cors_origins):
            return False
        if site := headers.get("Sec-Fetch-Site"):  # also right behind a proxy that changes Host
            return site not in ("same-origin", "none")
        # Some programs send a scheme of their own, or none; they and proxies write default ports.
        scheme, _, place = origin.lower().rpartition("://")
        port, here = _DEFAULT_PORTS.get(scheme, ""), headers.get("Host", "").lower()
        return place.partition("/")[0].removesuffix(port) != here.removesuffix(port)

    def _has_key(self, connection: HTTPConnection) -> bool:
        given = [connection.headers.get("xi-api-key", "")]  # ElevenLabs' clients
        scheme, _, key = connection.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":  # it may be a proxy's instead
            given.append(key)
        matches = [
            hmac.compare_digest(key.strip().encode(), known.encode())
            for key in given
            for known in self.api_keys
        ]
        return any(matches)


def _asks_first(connection: HTTPConnection) -> bool:
    """Tell whether a browser asks the server before it sends this for a foreign page.

    It also hides the answer of a GET that it has not asked about. It does not ask before it opens a
    WebSocket or sends what a form could.
    """
    if connection.scope["type"] == "websocket":
        return False
    return connection.scope["method"] in ("GET", "HEAD") or is_json(connection.headers)
