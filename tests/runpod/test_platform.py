"""The simulated platform keeps what RunPod keeps when a worker's poll ends early."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from tests.runpod.platform import Platform

SHORT = {"text": "Hello there."}


@pytest_asyncio.fixture
async def platform() -> AsyncIterator[Platform]:
    platform = Platform()
    await platform.start()
    yield platform
    await platform.close()


@pytest_asyncio.fixture
async def session(platform: Platform) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(platform.url.removesuffix("/v2/test")) as session:
        yield session


async def drop(session: aiohttp.ClientSession, platform: Platform, poll: str) -> None:
    """Open a poll and leave it, as the SDK does after 90 s."""
    request = asyncio.create_task(_get(session, poll))
    await platform.wait_for_polls(poll, 1)
    request.cancel()
    await platform.wait_for_polls(poll, 0)


async def _get(session: aiohttp.ClientSession, poll: str) -> object:
    async with session.get(f"/v2/test/{poll}/worker-1") as response:
        return await response.json()


@pytest.mark.parametrize("poll", ["job-take", "job-stop"])
async def test_what_comes_after_a_dropped_poll_goes_to_the_next(
    session: aiohttp.ClientSession, platform: Platform, poll: str
) -> None:
    await drop(session, platform, poll)
    task = await platform.submit(SHORT)
    await task.cancel()
    answers = {"job-take": task.job, "job-stop": {"jobsToStop": [task.id]}}
    assert await asyncio.wait_for(_get(session, poll), 5) == answers[poll]
