import asyncio
from contextvars import ContextVar

import pytest

from deployments.awake_clock import AwakeClock
from deployments.deadline import Deadline
from deployments.sampler_watch import GRACE_S, SamplerWatch
from speech.errors import NotReady

OUTAGE_S = 0.3
CALLER = ContextVar("caller", default=None)


class Sampler:
    """A handle to samplers that answer, or do not."""

    def __init__(self, *, answers):
        self.answers = answers
        self.report = self
        self.asked = asyncio.Event()
        self.callers = []

    async def remote(self):
        self.callers.append(CALLER.get())
        self.asked.set()
        if not self.answers:
            raise RuntimeError("no replica")
        return {"engine": "echo-mini"}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("deployments.sampler_watch.PERIOD_S", 0.01)
    monkeypatch.setattr("deployments.sampler_watch.GRACE_S", 0.1)


async def until(watch, answers):
    """Return when the watch, which sends no event, tells what is waited for."""
    while await watch.answers() is not answers:  # noqa: ASYNC110 (it sends no event)
        await asyncio.sleep(0.01)


async def test_engine_that_never_answered_is_still_starting():
    watch = SamplerWatch(Sampler(answers=False), OUTAGE_S)
    with pytest.raises(NotReady, match=r"^The engine is still starting, retry later$"):
        await watch.require()
    assert not await watch.answers()


async def test_silence_is_waited_out_then_told_then_forgotten():
    sampler = Sampler(answers=True)
    watch = SamplerWatch(sampler, OUTAGE_S)
    await watch.require()
    sampler.answers = False
    await watch.require()  # a replacement may take no longer
    await until(watch, False)
    with pytest.raises(NotReady, match=r"^No sampler answers, retry later$"):
        await watch.require()
    assert await watch.model() == "echo-mini"
    sampler.answers = True
    await until(watch, True)
    await watch.require()


async def test_running_requests_fail_when_the_outage_lasts():
    sampler = Sampler(answers=True)
    watch = SamplerWatch(sampler, OUTAGE_S)
    await watch.require()
    sampler.answers = False
    deadline, ended = Deadline(60), Deadline(60)
    with watch.guard(ended):
        pass
    with watch.guard(deadline), pytest.raises(NotReady, match="No sampler answers"):
        await deadline.run(asyncio.Event().wait())
    assert await ended.run(asyncio.sleep(0, "not touched")) == "not touched"


async def test_process_that_was_stopped_refuses_nothing(monkeypatch):
    monkeypatch.setattr("deployments.sampler_watch.GRACE_S", GRACE_S)
    times = iter([100.0, 3700.0])
    clock = AwakeClock(lambda: next(times))
    sampler = Sampler(answers=True)
    watch = SamplerWatch(sampler, OUTAGE_S, clock)
    assert await watch.answers()
    clock.tick()
    await watch.require()


async def test_watch_is_not_part_of_the_request_that_began_it():
    sampler = Sampler(answers=True)
    CALLER.set("a request")
    await SamplerWatch(sampler, OUTAGE_S).require()
    sampler.asked.clear()
    await sampler.asked.wait()
    assert sampler.callers[:2] == ["a request", None]
