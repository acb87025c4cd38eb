"""Posts of outputs to RunPod that outlive more than a minute of trouble on its side.

The SDK gives a post up after three attempts in seven seconds, and at once where RunPod asks it to
slow down (429): the finished audio is lost. It has no option for that, so its one function that
posts is replaced.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

import aiohttp
from tenacity import (
    AsyncRetrying,
    retry_if_exception,
    stop_before_delay,
    wait_exponential_jitter,
)

logger = logging.getLogger(__name__)

MAX_POST_S = 100.0
"""The longest time for all attempts at one post."""
_ATTEMPT_S = 30.0
_MAX_PAUSE_S = 15.0
_PASSING_STATUSES = (408, 425, 429)
"""HTTP statuses below 500 that say: later."""

_HEADERS = {"charset": "utf-8", "Content-Type": "application/x-www-form-urlencoded"}
"""The headers of the SDK's own posts."""


def use_patient_posts() -> None:
    """Let the SDK post its jobs' outputs with `post`."""
    from runpod.serverless.modules import rp_http

    rp_http._transmit = post


async def post(session: aiohttp.ClientSession, url: str, data: str) -> None:
    """Post `data`; repeat what may pass after growing pauses.

    Raises:
        aiohttp.ClientError: RunPod did not take it; it is lost.
    """
    retrying = AsyncRetrying(
        stop=stop_before_delay(MAX_POST_S),
        wait=wait_exponential_jitter(max=_MAX_PAUSE_S),
        retry=retry_if_exception(_may_pass),
        reraise=True,
    )
    # The frames hold the output and, by way of tenacity's, the error: all would stay for long.
    try:
        await retrying(_attempt, session, url, data)
    except asyncio.CancelledError as error:
        raise error.with_traceback(None) from None
    except (aiohttp.ClientError, TimeoutError) as error:
        job = url.partition("?")[0].rpartition("/")[2]
        reason = getattr(error, "status", type(error).__name__)
        logger.error("RunPod did not take an output of job %s (%s): it is lost", job, reason)
        raise aiohttp.ClientError(f"not taken: {reason}") from error.with_traceback(None)


async def _attempt(session: aiohttp.ClientSession, url: str, data: str) -> None:
    timeout = aiohttp.ClientTimeout(total=_ATTEMPT_S)
    async with session.post(
        url, data=data, headers=_HEADERS, raise_for_status=True, timeout=timeout
    ) as response:
        # Read so that the connection serves the next post; if the end got lost, it was still taken.
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            await response.read()


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, aiohttp.ClientResponseError):
        return error.status >= 500 or error.status in _PASSING_STATUSES
    return isinstance(error, aiohttp.ClientError | TimeoutError)
