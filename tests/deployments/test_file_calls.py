"""Calls that hang, as into a share whose file server went away."""

import asyncio
import threading

import pytest

from deployments.file_calls import MAX_LATE_PER_FOLDER, MAX_THREADS, FileCalls
from speech.errors import VoicesUnavailable

TIMEOUT_S = 0.2


@pytest.fixture
def share():
    """What calls into the share wait for."""
    return threading.Event()


@pytest.fixture
async def calls(share):
    calls = FileCalls("test", TIMEOUT_S)
    yield calls
    share.set()
    await asyncio.to_thread(calls._threads.shutdown)


async def stall(calls, share, names):
    """Make calls that take too long."""
    results = await asyncio.gather(
        *(calls.run(name, share.wait) for name in names), return_exceptions=True
    )
    assert all(isinstance(result, VoicesUnavailable) for result in results)


async def until_refused(calls, name, *, refused):
    """Return once a call about `name` is refused, or is not; fail if that never comes."""
    for _ in range(1000):
        try:
            await calls.run(name, int)
            was_refused = False
        except VoicesUnavailable:
            was_refused = True
        if was_refused is refused:
            return
        await asyncio.sleep(0.01)  # threads that come late, or back, send no event
    raise AssertionError("waited in vain")


async def test_hundreds_of_names_that_stall_leave_threads_to_the_others(calls, share):
    await stall(calls, share, [f"{index}.wav" for index in range(MAX_THREADS // 2 - 1)] * 3)
    await until_refused(calls, "other.wav", refused=False)


async def test_folder_that_stalls_gets_no_more_threads_until_it_is_back(calls, share):
    names = [f"share/{index}.wav" for index in range(MAX_LATE_PER_FOLDER)]
    await stall(calls, share, names)
    await until_refused(calls, "share/made-up.wav", refused=True)
    await until_refused(calls, "other.wav", refused=False)

    share.set()
    await until_refused(calls, "share/made-up.wav", refused=False)
