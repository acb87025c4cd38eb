"""Admission: how many requests run and wait at a time in one ingress replica."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from speech.errors import Overloaded


class Admission:
    """A fixed number of places for requests; one more is refused at once."""

    def __init__(self, max_requests: int) -> None:
        self._max_requests = max_requests
        self._num_taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @contextmanager
    def admit(self, place: Place | None = None) -> Iterator[Place]:
        """Hold a place inside: `place`, or a new one if it is None.

        Raises:
            Overloaded: All are taken.
        """
        if place is None:
            if self._num_taken >= self._max_requests:
                raise Overloaded
            self._num_taken += 1
            place = Place(self)
        try:
            yield place
        finally:
            place.leave()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Place]:
        """Wait in turn for a place, and hold it inside."""
        await self.wait()
        with self.admit(Place(self)) as place:
            yield place

    def stats(self) -> dict[str, float]:
        """Return the number of requests that are `open` and the most there may be, `max`."""
        return {"open": self._num_taken, "max": self._max_requests}

    async def wait(self) -> None:
        """Wait in turn for a place, and take it."""
        if self._num_taken < self._max_requests:
            self._num_taken += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back()
            raise

    def give_back(self) -> None:
        """Pass a place on to the caller that has waited longest, or free it."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._num_taken -= 1


class Place:
    """A place that a request has been admitted to.

    A request that waits for its client leaves it, and takes one again when it goes on. Then it may
    have to wait for others, but is not refused.
    """

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._is_taken = True

    async def take(self) -> None:
        """Return once the request has a place, which may be now."""
        if not self._is_taken:
            await self._admission.wait()
            self._is_taken = True

    def leave(self) -> None:
        """Free the place, if the request has it."""
        if self._is_taken:
            self._is_taken = False
            self._admission.give_back()
