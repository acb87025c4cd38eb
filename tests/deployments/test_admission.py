"""Places of the ingress: how they are held, left and taken again."""

import asyncio

import pytest

from deployments.admission import Admission
from speech.errors import Overloaded


async def settled() -> None:
    """Let all tasks run until they wait."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_one_request_more_than_places_is_refused():
    admission = Admission(1)
    with admission.admit():
        assert admission.stats() == {"open": 1, "max": 1}
        with pytest.raises(Overloaded), admission.admit():
            pass
    assert admission.stats() == {"open": 0, "max": 1}


async def test_place_that_is_left_is_another_requests_until_it_ends():
    admission = Admission(1)
    with admission.admit() as first:
        first.leave()
        with admission.admit():
            going_on = asyncio.create_task(first.take())
            await settled()
            assert not going_on.done()
        await going_on
        with pytest.raises(Overloaded), admission.admit():
            pass
    assert admission.stats()["open"] == 0


async def test_turn_holds_a_place_that_is_free_at_once():
    admission = Admission(1)
    async with admission.turn():
        assert admission.stats()["open"] == 1
    assert admission.stats()["open"] == 0


async def test_those_who_wait_come_in_turn_and_before_new_requests():
    admission = Admission(2)
    with admission.admit() as first, admission.admit() as second:
        first.leave()
        second.leave()
        with admission.admit() as third, admission.admit():
            waiting = [asyncio.create_task(place.take()) for place in (second, first)]
            await settled()
            third.leave()
            with pytest.raises(Overloaded), admission.admit():
                pass
            await settled()
            assert [task.done() for task in waiting] == [True, False]
        await waiting[1]
    assert admission.stats()["open"] == 0


@pytest.mark.parametrize("place_comes", [True, False])
async def test_cancelled_wait_keeps_no_place(place_comes):
    admission = Admission(1)
    with admission.admit() as first:
        first.leave()
        with admission.admit() as other:
            waiting = asyncio.create_task(first.take())
            await settled()
            if place_comes:
                other.leave()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
    assert admission.stats()["open"] == 0
