"""Calls through Ray Serve handles, whose errors are taken out of their wrappers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import grpc
from ray.exceptions import ActorUnavailableError, RayActorError
from ray.serve.exceptions import RequestCancelledError

from speech.errors import SamplerLost, SpeechError

T = TypeVar("T")

_CUT_OFF = (
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
)
"""Codes of calls whose replica went away, beside the one that Serve makes an error of Ray's.

What a replica raises itself has no code.
"""


def unwrap(error: Exception) -> BaseException:
    """Return the real error behind one that a handle's call raised.

    An error of another process arrives in a wrapper whose text is a remote traceback; the error
    itself is its `cause`. A caller that is cancelled while it waits gets an error of Serve's own
    in place of asyncio's, which would pass for a failure. One whose replica ends in its own way,
    as when it is told to, gets the transport's error in place of Ray's.
    """
    if isinstance(error, grpc.aio.AioRpcError) and error.code() in _CUT_OFF:
        return ActorUnavailableError("its connection ended", None)
    cause = getattr(error, "cause", error)
    if isinstance(cause, SpeechError):
        return cause
    return asyncio.CancelledError() if isinstance(error, RequestCancelledError) else error


def is_replica_loss(error: Exception) -> bool:
    """Tell whether a call failed because its replica is gone, or its device is."""
    return isinstance(unwrap(error), (RayActorError, SamplerLost))


async def answer(response: Awaitable[T]) -> T:
    """Return the result of a handle's call, or raise the real error."""
    try:
        return await response
    except Exception as error:
        raise unwrap(error) from None
