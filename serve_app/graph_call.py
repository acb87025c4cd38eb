"""A call into the graph that a RunPod job makes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from deployments.deadline import Deadline
from speech.errors import SpeechError


class GraphCall:
    """A call into the graph that expires, and that holds nothing there once it is cancelled.

    Cancelling the await, or leaving the stream, does not stop a replica: only `cancel` does.
    """

    def __init__(self, response: Any, deadline_s: float) -> None:
        self._response = response
        self._deadline = Deadline(deadline_s)
        self._is_open = True

    async def result(self) -> Any:
        """Return the result of a unary call.

        Raises:
            DeadlineExceeded: The call expired.
        """
        result = await self._wait_for(self._response)
        self._is_open = False
        return result

    async def next_item(self) -> Any:
        """Return the next item of a streamed call, None at its end.

        Raises:
            DeadlineExceeded: The call expired.
        """
        item = await self._wait_for(anext(self._response, None))
        self._is_open = item is not None
        return item

    async def _wait_for(self, step: Awaitable[Any]) -> Any:
        try:
            return await self._deadline.run(_without_cancellation(step))
        except Exception:
            self.cancel()
            raise

    def fail(self, error: SpeechError) -> None:
        """Let the call fail with `error` now."""
        self._deadline.expire(error)

    def cancel(self) -> None:
        """Free what the call still holds in the graph."""
        if self._is_open:
            self._is_open = False
            self._response.cancel()


async def _without_cancellation(step: Awaitable[Any]) -> Any:
    """Return the result of `step`, or fail: a cancellation would look like that of the job."""
    try:
        return await step
    except asyncio.CancelledError:
        raise RuntimeError("Ray Serve dropped the call") from None
