"""A call into the graph that a RunPod job makes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from deployments.deadline import Deadline
from deployments.handles import is_replica_loss, unwrap
from speech.errors import NotReady, SpeechError

logger = logging.getLogger(__name__)

PAUSES_S = (1.0, 10.0)
"""The pause before each further call; a job that may itself be what ends replicas gets no more.

By the first one, Ray Serve sends no more calls to a replica that was killed."""


class GraphCall:
    """A call into the graph that expires, and that holds nothing there once it is cancelled.

    It is made again where its replica is lost before anything came of it. Afterwards it fails: what
    was sent of a stream cannot be taken back, and the encoder that knew how it goes on is gone.

    Cancelling the await, or leaving the stream, does not stop a replica: only `cancel` does.

    Args:
        start: Makes the call; returns its response.
        deadline_s: Seconds for all of it.
    """

    def __init__(self, start: Callable[[], Any], deadline_s: float) -> None:
        self._start = start
        self._response = start()
        self._pauses_s = list(PAUSES_S)
        self._deadline = Deadline(deadline_s)
        self._is_open = True

    async def result(self) -> Any:
        """Return the result of a unary call.

        Raises:
            DeadlineExceeded: The call expired.
            NotReady: Its replicas were lost, one after the other.
        """
        result = await self._wait_for(lambda: self._response)
        self._is_open = False
        return result

    async def next_item(self) -> Any:
        """Return the next item of a streamed call, None at its end.

        Raises:
            DeadlineExceeded: The call expired.
            NotReady: Its replica was lost after the first item, or they were one after the other.
        """
        item = await self._wait_for(lambda: anext(self._response, None))
        self._pauses_s.clear()
        self._is_open = item is not None
        return item

    async def _wait_for(self, step: Callable[[], Awaitable[Any]]) -> Any:
        try:
            return await self._deadline.run(self._outliving_losses(step))
        except Exception:
            self.cancel()
            raise

    async def _outliving_losses(self, step: Callable[[], Awaitable[Any]]) -> Any:
        while True:
            try:
                return await _without_cancellation(step())
            except Exception as error:
                if not is_replica_loss(error):
                    raise
                loss = type(unwrap(error)).__name__
                if not self._pauses_s:
                    logger.warning("an ingress was lost (%s), its job fails", loss)
                    raise NotReady("The server was lost, retry later") from error
            logger.warning("an ingress was lost (%s), its job is run again", loss)
            await asyncio.sleep(self._pauses_s.pop(0))
            self._response = self._start()

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
