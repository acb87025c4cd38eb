"""The deadline of a request, over one call or over the steps of a stream."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable
from typing import TypeVar

from speech.concurrency import stop
from speech.errors import DeadlineExceeded, SpeechError

T = TypeVar("T")


class Deadline:
    """The moment at which a request fails if it is not done; made in the loop that waits for it."""

    def __init__(self, seconds: float) -> None:
        """Set the deadline to `seconds` from now."""
        loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._end = loop.time() + seconds
        self._expired: asyncio.Future[SpeechError] = loop.create_future()
        self._moved: asyncio.Future[None] = loop.create_future()

    def expire(self, error: SpeechError) -> None:
        """Let the deadline pass now, with `error` in place of DeadlineExceeded."""
        if not self._expired.done():
            self._expired.set_result(error)

    def renew(self) -> None:
        """Start over with all the seconds."""
        self._move(asyncio.get_running_loop().time() + self._seconds)

    def suspend(self) -> None:
        """Let no time count until the next `renew`."""
        self._move(math.inf)

    def _move(self, end: float) -> None:
        self._end = end
        self._moved.set_result(None)
        self._moved = asyncio.get_running_loop().create_future()

    @property
    def left_s(self) -> float:
        """The seconds that are left; negative once it has passed."""
        return self._end - asyncio.get_running_loop().time()

    @property
    def passed(self) -> SpeechError | None:
        """The error with which it has passed, None while there is time."""
        if self._expired.done():
            return self._expired.result()
        return DeadlineExceeded.after(self._seconds) if self.left_s <= 0 else None

    async def run(self, work: Awaitable[T]) -> T:
        """Return the result of `work`; if it is late or this call is cancelled, `work` is, too.

        Raises:
            DeadlineExceeded: The time is up and `work` has stopped.
        """
        # A task of its own rather than `wait_for`, which reports whatever a cancelled call turns
        # its cancellation into.
        task = asyncio.ensure_future(work)
        try:
            while not task.done():
                await asyncio.wait(
                    (task, self._expired, self._moved),
                    timeout=None if self.left_s == math.inf else self.left_s,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if not task.done() and (error := self.passed) is not None:
                    raise error
            return task.result()
        finally:
            await stop(task)
            del task  # else its error and this frame hold each other, and all that the work held
