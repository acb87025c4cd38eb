"""The request bodies that are arriving, bounded together: a slow sender keeps nobody else out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from fastapi import Request
from starlette.requests import ClientDisconnect

from deployments.limits import Limits
from speech.errors import BodyTimeout, BodyTooLarge, InvalidRequest, Overloaded

MAX_DIGITS = 20
"""Digits of a length that are read: Python reads no number of thousands."""
SLOW_S = 1.0
"""Seconds after which a body that is not here yet makes room for another."""


@dataclass(eq=False)
class _Arriving:
    timeout: asyncio.Timeout
    began_s: float
    raw: bytearray = field(default_factory=bytearray)
    is_refused: bool = False


class Bodies:
    """The bodies that one ingress replica is reading; none holds a request's place meanwhile."""

    def __init__(self, limits: Limits) -> None:
        self.max_body_bytes = limits.max_body_bytes
        self._max_bodies = limits.max_bodies
        self._max_bytes = max(limits.max_bodies_bytes, limits.max_body_bytes)
        self._timeout_s = limits.body_timeout_s
        self._arriving: dict[_Arriving, None] = {}
        """An ordered set: the body that began first comes first."""

    async def read(self, request: Request) -> bytes:
        """Return the body of `request` once all of it is here.

        Raises:
            BodyTimeout: It takes too long.
            BodyTooLarge: It is longer than a body may be.
            Overloaded: It made room for others, or none would make room for it.
            InvalidRequest: The client went away while sending.
        """
        declared = request.headers.get("Content-Length", "")
        if declared.isdecimal():
            check_size(int(declared[:MAX_DIGITS]), self.max_body_bytes)
        self._make_room()
        timeout = asyncio.timeout(self._timeout_s)
        body = _Arriving(timeout, asyncio.get_running_loop().time())
        try:
            async with timeout:
                self._arriving[body] = None
                try:
                    async for part in request.stream():
                        self._add(part, body)
                finally:
                    self._arriving.pop(body, None)
        except TimeoutError:
            raise Overloaded() if body.is_refused else BodyTimeout.after(self._timeout_s) from None
        except ClientDisconnect:
            raise InvalidRequest("The client went away while sending") from None
        return bytes(body.raw)

    def _make_room(self) -> None:
        """Refuse the body that has been arriving longest where there are too many.

        Raises:
            Overloaded: That one began only just now.
        """
        if len(self._arriving) < self._max_bodies:
            return
        oldest = next(iter(self._arriving))
        if asyncio.get_running_loop().time() - oldest.began_s < SLOW_S:
            raise Overloaded
        self._refuse(oldest)

    def _add(self, part: bytes, body: _Arriving) -> None:
        """Add to a body; where all together are too large, refuse the largest."""
        body.raw += part
        check_size(len(body.raw), self.max_body_bytes)
        if sum(len(other.raw) for other in self._arriving) > self._max_bytes:
            self._refuse(max(self._arriving, key=lambda other: len(other.raw)))

    def _refuse(self, body: _Arriving) -> None:
        """End the reading of a body, at the reader's next wait."""
        del self._arriving[body]
        body.is_refused = True
        if not body.timeout.expired():
            body.timeout.reschedule(0)


def check_size(num_bytes: int, max_bytes: int) -> None:
    """Raise BodyTooLarge if a body of `num_bytes` is longer than it may be."""
    if num_bytes > max_bytes:
        raise BodyTooLarge.beyond(max_bytes)
