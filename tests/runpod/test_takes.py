"""Takes of jobs, of which RunPod's SDK lets us see what it made of an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import aiohttp
import pytest

from serve_app.runpod_takes import FIRST_PAUSE_S, SHORTEST_POLL_S, PatientTakes


class Debounced(Exception):
    """What the SDK raises where RunPod asks it to slow down."""


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that are made; none is waited for."""
    made: list[float] = []

    async def sleep(seconds: float) -> None:
        made.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return made


async def take(answer: Iterable[object] | Exception | None, held: Iterable[str] = ()) -> object:
    async def sdk(_session: aiohttp.ClientSession, _num_jobs: int) -> Iterable[object] | None:
        if isinstance(answer, Exception):
            raise answer
        return answer

    takes = PatientTakes(sdk, lambda: set(held), Debounced)
    async with aiohttp.ClientSession() as session:
        return await takes(session)


@pytest.mark.parametrize(
    "answer",
    [None, [], ["garbage"], [{"id": "held"}], [{"id": 5}], [{"id": ""}], [{"id": "a\r\nb: c"}]],
)
async def test_take_without_a_job_is_not_repeated_at_once(
    answer: list[object] | None, pauses: list[float]
) -> None:
    assert await take(answer, held={"held"}) == []
    [pause] = pauses
    assert 0 < pause <= SHORTEST_POLL_S


async def test_job_is_handed_on_at_once(pauses: list[float]) -> None:
    job = {"id": "sync-1-u1", "input": {"text": "Hello."}}
    assert await take([{**job, "self": "of a client"}]) == [job]
    assert not pauses


async def test_failure_waits_and_is_told(pauses: list[float]) -> None:
    with pytest.raises(aiohttp.ClientError):
        await take(aiohttp.ClientError())
    assert pauses == [FIRST_PAUSE_S]


async def test_wish_to_slow_down_is_left_to_the_sdk(pauses: list[float]) -> None:
    with pytest.raises(Debounced):
        await take(Debounced())
    assert not pauses
