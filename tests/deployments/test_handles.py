import asyncio

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
