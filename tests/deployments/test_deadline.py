import asyncio
import gc
import weakref
from contextlib import aclosing, suppress

import pytest

from deployments.deadline import Deadline
from speech.errors import DeadlineExceeded


class Held:
    """Something whose end can be seen."""


class Work:
    """A coroutine that never returns, and what became of it."""

    def __init__(self):
        self.started, self.stopped = asyncio.Event(), asyncio.Event()

    async def __call__(self):
        try:
            self.started.set()
            await asyncio.Event().wait()
        finally:
            self.stopped.set()


async def test_work_in_time_gives_its_result_or_its_error():
    async def fail():
        raise KeyError("mine")

    deadline = Deadline(60)
    assert await deadline.run(asyncio.sleep(0, "result")) == "result"
    with pytest.raises(KeyError, match="mine"):
        await deadline.run(fail())


async def test_deadline_does_not_pass_early():
    async def later():
        for _ in range(5):
            await asyncio.sleep(0)
        return "result"

    deadline = Deadline(60)
    assert await deadline.run(later()) == "result"
    assert 0 < deadline.left_s <= 60


async def test_work_that_is_done_as_the_deadline_passes_gives_its_result():
    deadline, work = Deadline(60), asyncio.get_running_loop().create_future()
    running = asyncio.create_task(deadline.run(work))
    await asyncio.sleep(0)
    work.set_result("result")
    deadline.expire(DeadlineExceeded.after(60))
    assert await running == "result"


async def test_late_work_is_stopped_and_the_deadline_named():
    work, deadline = Work(), Deadline(0.05)
    assert await deadline.run(asyncio.sleep(0, "in time")) == "in time"
    with pytest.raises(DeadlineExceeded, match=r"^Deadline of 0.05 s exceeded$"):
        await deadline.run(work())
    assert work.stopped.is_set()


async def test_deadline_that_is_brought_forward_names_the_new_one():
    work, deadline = Work(), Deadline(60)
    task = asyncio.ensure_future(deadline.run(work()))
    await work.started.wait()
    deadline.expire(DeadlineExceeded.after(5))
    with pytest.raises(DeadlineExceeded, match=r"^Deadline of 5 s exceeded$"):
        await task
    assert work.stopped.is_set()


async def test_cancelled_from_outside_it_stops_the_work():
    work = Work()
    task = asyncio.ensure_future(Deadline(60).run(work()))
    await work.started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert work.stopped.is_set()


async def test_renewed_it_counts_anew_for_work_under_way():
    work, deadline = Work(), Deadline(0.3)
    task = asyncio.ensure_future(deadline.run(work()))
    await work.started.wait()
    deadline.suspend()
    await asyncio.wait({task}, timeout=0.5)
    assert not task.done()
    deadline.renew()
    assert 0 < deadline.left_s <= 0.3
    with pytest.raises(DeadlineExceeded):
        await task
    assert work.stopped.is_set()


async def test_cancelled_while_late_work_is_stopped_it_waits_for_its_end():
    """A stream's step and its sender keep one deadline, so both are late in the same instant."""
    is_stopping, may_end = asyncio.Event(), asyncio.Event()

    async def packets():
        try:
            yield b"first"
            await asyncio.Event().wait()
        finally:
            is_stopping.set()
            await may_end.wait()

    async def send():
        async with aclosing(packets()) as sent:
            while await deadline.run(anext(sent, None)):
                pass

    deadline = Deadline(0.05)
    task = asyncio.ensure_future(send())
    await is_stopping.wait()
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0)
    assert not task.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_failed_work_held_is_freed_at_once():
    async def fail(held):
        raise ValueError

    held = Held()
    alive = weakref.ref(held)
    gc.disable()  # it would free it some time
    try:
        with suppress(ValueError):
            await Deadline(60).run(fail(held))
        del held
        await asyncio.sleep(0)
        assert alive() is None
    finally:
        gc.enable()
