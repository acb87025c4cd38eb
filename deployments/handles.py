"""What a caller must know about calls through Ray Serve handles."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

from ray.serve.exceptions import RequestCancelledError

from speech.errors import DeadlineExceeded, SpeechError

T = TypeVar("T")


def unwrap(error: Exception) -> BaseException:
    """Return what an error of a handle's call really is.

    What another process raised arrives in a wrapper whose text is a remote traceback; the error
    itself is its `cause`. A caller that is cancelled while it waits gets an error of Serve's own
    in place of asyncio's, which would pass for a failure.
    """
    cause = getattr(error, "cause", error)
    if isinstance(cause, SpeechError):
        return cause
    return asyncio.CancelledError() if isinstance(error, RequestCancelledError) else error


async def within(deadline_s: float, items: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """Yield `items` and close them; they have `deadline_s` in all.

    Raises:
        DeadlineExceeded: The time is up.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline_s
    async with aclosing(items):
        while True:
            # A task of its own rather than `wait_for`, which reports whatever a cancelled
            # call turns its cancellation into.
            step = asyncio.ensure_future(anext(items))
            try:
                await asyncio.wait({step}, timeout=end - loop.time())
                if not step.done():
                    raise DeadlineExceeded(f"Deadline of {deadline_s:g} s exceeded")
            finally:
                if not step.done():
                    step.cancel()
                    await asyncio.wait({step})
            try:
                item = step.result()
            except StopAsyncIteration:
                return
            yield item
