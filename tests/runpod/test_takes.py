"""Takes of jobs, of which RunPod's SDK lets us see what it made of an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress

import aiohttp
import pytest

from serve_app.runpod_polls import FIRST_PAUSE_S
from serve_app.runpod_takes import SHORTEST_POLL_S, PatientTakes


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


Answer = Iterable[object] | Exception | None


def taking(*answers: Answer, held: Iterable[str] = ()) -> PatientTakes:
    """Return takes of which each is given the next of the answers."""
    coming = iter(answers)

    async def sdk(_session: aiohttp.ClientSession, _num_jobs: int) -> Iterable[object] | None:
        answer = next(coming)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return PatientTakes(sdk, lambda: set(held), Debounced)


async def take(answer: Answer, held: Iterable[str] = ()) -> object:
    async with aiohttp.ClientSession() as session:
        return await taking(answer, held=held)(session)


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


async def test_job_that_comes_twice_at_once_is_one(pauses: list[float]) -> None:
    job = {"id": "sync-1-u1", "input": {"text": "Hello."}}
    assert await take([job, job]) == [job]


async def test_pauses_grow_from_failure_to_failure_until_a_take_succeeds(
    pauses: list[float],
) -> None:
    failure, job = aiohttp.ClientError(), {"id": "1-u1", "input": {}}
    takes = taking(*[failure] * 7, [job], failure)
    async with aiohttp.ClientSession() as session:
        for _ in range(9):
            with suppress(aiohttp.ClientError):
                await takes(session)
    assert pauses == [0.5, 1, 2, 4, 8, 15, 15, 0.5]


async def test_failure_waits_and_is_told(pauses: list[float]) -> None:
    with pytest.raises(aiohttp.ClientError):
        await take(aiohttp.ClientError())
    assert pauses == [FIRST_PAUSE_S]


async def test_wish_to_slow_down_is_left_to_the_sdk(pauses: list[float]) -> None:
    with pytest.raises(Debounced):
        await take(Debounced())
    assert not pauses
