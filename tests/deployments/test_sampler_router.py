"""The router that Ray Serve runs, driven as Serve drives it, over simulated samplers."""

import asyncio
from collections import Counter

import pytest

from bench import virtual_time
from bench.simulated_fleet import SimulatedSampler, call, make_router
from deployments.prepared_voice import PreparedVoice
from deployments.sampler_router import SamplerRouter
from engine.echo.options import EchoOptions
from engine.protocol import Job
from speech.pcm import SAMPLE_RATE_HZ


def job(number=0, seed=0):
    return Job("A sentence.", seed, {}, request_id=f"request {number}")


def voice(name="ada", seconds=30):
    return PreparedVoice("", name, seconds * SAMPLE_RATE_HZ)


class Fleet:
    """Some samplers, and the router of one ingress."""

    def __init__(self, num_samplers=4, **options):
        self.samplers = [
            SimulatedSampler(f"sampler{n}", EchoOptions(), **options) for n in range(num_samplers)
        ]
        self.router = make_router(SamplerRouter, self.samplers)

    def call(self, job, voice=None):
        return call(self.router, job, voice)

    def home(self, key):
        name = self.router._affinity.home(key)
        return next(s for s in self.samplers if s.replica_id.unique_id == name)


def in_fleet(num_samplers=4, **options):
    """Run a test in virtual time, with a fleet."""

    def decorate(test):
        def run():
            async def main():
                await test(Fleet(num_samplers, **options))

            virtual_time.run(main())

        run.__name__ = test.__name__
        return run

    return decorate


@in_fleet()
async def test_voice_goes_where_it_was_while_samplers_are_idle(fleet):
    first = await fleet.call(job(0), voice())
    for number in range(1, 20):
        assert await fleet.call(job(number), voice()) is first
    assert first.engine.totals["speaker_cache_misses"] == 1


@in_fleet()
async def test_load_goes_before_the_voice(fleet):
    short = voice(seconds=5)
    chosen = await asyncio.gather(*(fleet.call(job(number), short) for number in range(8)))
    assert set(Counter(map(id, chosen)).values()) == {2}


@in_fleet(2)
async def test_a_long_voice_waits_for_one_more_job_where_it_is_held(fleet):
    holder = await fleet.call(job(0), voice(seconds=300))
    others = [asyncio.ensure_future(fleet.call(job(1), voice(seconds=300))) for _ in range(2)]
    assert [await other for other in others] == [holder, holder]


@in_fleet()
async def test_jobs_without_a_voice_are_spread_evenly(fleet):
    chosen = await asyncio.gather(*(fleet.call(job(number)) for number in range(12)))
    assert set(Counter(map(id, chosen)).values()) == {3}


@in_fleet()
async def test_job_that_comes_again_goes_elsewhere(fleet):
    holder = await fleet.call(job(0), voice())
    tried = {id(await fleet.call(job(1), voice())) for _ in fleet.samplers}
    assert len(tried) == len(fleet.samplers)
    assert await fleet.call(job(2), voice()) is holder


@in_fleet(1)
async def test_job_that_comes_again_goes_to_the_only_sampler_there_is(fleet):
    await fleet.call(job(), voice())
    await fleet.call(job(), voice())


@in_fleet(2)
async def test_a_sampler_that_died_is_not_waited_for(fleet):
    holder = await fleet.call(job(0), voice())
    fleet.router.on_replica_actor_died(holder.replica_id)
    [survivor] = {sampler for sampler in fleet.samplers if sampler is not holder}
    assert await fleet.call(job(1), voice()) is survivor
    fleet.router.update_replicas([survivor])
    assert await fleet.call(job(2), voice()) is survivor


@in_fleet(2, max_ongoing_requests=1)
async def test_jobs_wait_where_every_sampler_is_full(fleet):
    chosen = await asyncio.gather(*(fleet.call(job(number), voice()) for number in range(6)))
    assert len(chosen) == 6


@in_fleet(2)
async def test_calls_of_one_request_each_get_the_sampler_chosen_for_them(fleet):
    at_first, at_second = (
        next(voice(name) for name in "abcdefghijkl" if fleet.home(name) is sampler)
        for sampler in fleet.samplers
    )
    await asyncio.gather(fleet.call(job(0), at_first), fleet.call(job(0, seed=1), at_second))
    first, second = fleet.samplers
    # The call that comes first waits for the answer of its sampler, the next one does not.
    fleet.router.replica_queue_len_cache.invalidate_key(first.replica_id)
    chosen = await asyncio.gather(
        fleet.call(job(1), at_first), fleet.call(job(1, seed=1), at_second)
    )
    assert chosen == [first, second]


@in_fleet()
async def test_call_that_is_cancelled_leaves_no_load_behind(fleet):
    calls = [asyncio.ensure_future(fleet.call(job(number), voice())) for number in range(8)]
    await asyncio.sleep(0.1)
    for running in calls:
        running.cancel()
    await asyncio.wait(calls)
    holders = {id(await fleet.call(job(f"later {number}"), voice())) for number in range(5)}
    assert len(holders) == 1
    assert not any(sampler.num_ongoing for sampler in fleet.samplers)


@in_fleet(2)
async def test_jobs_of_others_are_avoided_once_the_sampler_has_told(fleet):
    holder = await fleet.call(job(0), voice())
    other_ingress = make_router(SamplerRouter, [holder])
    others = [asyncio.ensure_future(call(other_ingress, job(number), None)) for number in range(6)]
    await asyncio.sleep(0.1)
    first = asyncio.ensure_future(fleet.call(job(1), voice()))
    await asyncio.sleep(0.1)
    assert await fleet.call(job(2), voice()) is not holder
    assert await first is holder
    await asyncio.gather(*others)


@pytest.mark.parametrize("num_ingresses", [2, 4])
def test_ingresses_agree_on_a_voice_without_a_word(num_ingresses):
    async def main():
        fleet = Fleet(8)
        routers = [make_router(SamplerRouter, fleet.samplers) for _ in range(num_ingresses)]
        chosen = [await call(router, job(n), voice()) for n, router in enumerate(routers)]
        assert len(set(map(id, chosen))) == 1

    virtual_time.run(main())
