import asyncio

import pytest
from ray.serve.exceptions import RequestCancelledError

from deployments.handles import unwrap, within
from speech.errors import DeadlineExceeded, VoiceNotFound


async def test_within_passes_items_on_and_closes_them():
    closed = []

    async def items():
        try:
            yield 1
            yield 2
        finally:
            closed.append(True)

    assert [item async for item in within(60, items())] == [1, 2]
    stream = within(60, items())
    await anext(stream)
    await stream.aclose()
    assert closed == [True, True]


async def test_within_stops_at_the_deadline_and_names_it():
    cancelled = asyncio.Event()

    async def items():
        yield 1
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    stream = within(0.05, items())
    assert await anext(stream) == 1
    with pytest.raises(DeadlineExceeded, match=r"^Deadline of 0.05 s exceeded$"):
        await anext(stream)
    assert cancelled.is_set()


async def test_within_cancelled_from_outside_stops_the_items():
    started, stopped = asyncio.Event(), asyncio.Event()

    async def items():
        try:
            started.set()
            await asyncio.Event().wait()
            yield
        finally:
            stopped.set()

    task = asyncio.ensure_future(anext(within(60, items())))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stopped.is_set()


def test_unwrap_finds_the_error_behind_a_remote_wrapper():
    class Wrapper(Exception):
        cause = VoiceNotFound("gone")

    assert unwrap(Wrapper("remote traceback")) is Wrapper.cause
    assert unwrap(Wrapper.cause) is Wrapper.cause
    other = ValueError("x")
    assert unwrap(other) is other


def test_unwrap_turns_serves_cancellation_into_asyncios():
    assert isinstance(unwrap(RequestCancelledError("request")), asyncio.CancelledError)
