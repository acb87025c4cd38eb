import asyncio

import grpc
import pytest
from ray.exceptions import ActorUnavailableError
from ray.serve.exceptions import RequestCancelledError

from deployments.handles import unwrap
from speech.errors import VoiceNotFound


def test_unwrap_finds_the_error_behind_a_remote_wrapper():
    class Wrapper(Exception):
        cause = VoiceNotFound("gone")

    assert unwrap(Wrapper("remote traceback")) is Wrapper.cause
    assert unwrap(Wrapper.cause) is Wrapper.cause
    other = ValueError("x")
    assert unwrap(other) is other


def test_unwrap_turns_serves_cancellation_into_asyncios():
    assert isinstance(unwrap(RequestCancelledError("request")), asyncio.CancelledError)


@pytest.mark.parametrize("code", ["CANCELLED", "INTERNAL", "UNKNOWN"])
def test_unwrap_takes_a_call_cut_off_for_a_lost_replica(code):
    nothing = grpc.aio.Metadata()
    error = grpc.aio.AioRpcError(grpc.StatusCode[code], nothing, nothing)
    assert isinstance(unwrap(error), ActorUnavailableError)
