import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.cache import ByteLRU, CacheStats, SharedCache


def lru(max_bytes: int) -> ByteLRU[str, bytes]:
    return ByteLRU(max_bytes, len)


def shared(max_bytes: int = 100) -> SharedCache[str, bytes]:
    return SharedCache(max_bytes, len)


async def finished(value: bytes = b"value") -> bytes:
    return value


def test_lru_returns_the_very_object_it_was_given():
    cache, value = lru(10), b"12345"
    cache.put("a", value)
    assert cache.get("a") is value
    assert cache.get("b") is None


def test_lru_evicts_the_least_recently_used_by_bytes():
    cache = lru(10)
    cache.put("a", b"aaaa")
    cache.put("b", b"bbbb")
    cache.get("a")
    cache.put("c", b"cccc")
    assert [key in cache for key in "abc"] == [True, False, True]
    assert cache.stats() == CacheStats(hits=1, misses=0, evictions=1, entries=2, bytes=8)


def test_lru_does_not_keep_a_value_larger_than_its_bound_nor_evict_for_it():
    cache = lru(10)
    cache.put("small", b"12345")
    cache.put("large", b"x" * 11)
    assert "large" not in cache
    assert "small" in cache


def test_lru_forgets_the_old_value_of_a_key_whose_new_value_is_too_large():
    cache = lru(10)
    cache.put("a", b"old")
    cache.put("a", b"x" * 11)
    assert cache.get("a") is None
    assert cache.stats().bytes == 0


def test_lru_replacing_a_value_counts_its_bytes_once():
    cache = lru(10)
    cache.put("a", b"12345678")
    cache.put("a", b"1234")
    assert cache.stats().bytes == 4
    assert cache.stats().evictions == 0


def test_lru_value_that_is_found_is_used_and_no_lookup():
    cache = lru(8)
    cache.put("a", b"1234")
    cache.put("b", b"5678")
    assert cache.find(lambda value: value == b"1234") == b"1234"
    assert cache.find(lambda value: value == b"none") is None
    cache.put("c", b"9012")
    assert ("a" in cache, "b" in cache) == (True, False)
    assert cache.stats().hits == cache.stats().misses == 0


def test_lru_discard_frees_the_bytes_and_is_no_eviction():
    cache = lru(10)
    cache.put("a", b"1234")
    cache.discard("a")
    cache.discard("never held")
    assert cache.stats() == CacheStats(hits=0, misses=0, evictions=0, entries=0, bytes=0)


@given(
    st.integers(0, 20),
    st.lists(st.tuples(st.sampled_from("abcdef"), st.none() | st.binary(max_size=12))),
)
def test_lru_agrees_with_a_plain_model(max_bytes: int, steps: list[tuple[str, bytes | None]]):
    cache, model = lru(max_bytes), {}
    for key, value in steps:
        if value is None:
            assert cache.get(key) == model.get(key)
            if key in model:
                model[key] = model.pop(key)
            continue
        cache.put(key, value)
        model.pop(key, None)
        if len(value) <= max_bytes:
            model[key] = value
        while sum(map(len, model.values())) > max_bytes:
            del model[next(iter(model))]
        assert cache.stats().bytes == sum(map(len, model.values())) <= max_bytes
        assert len(cache) == len(model)


async def test_shared_computes_once_and_returns_the_identical_object():
    cache = shared()
    value = b"value"
    assert await cache.get("a", lambda: finished(value)) is value
    assert await cache.get("a", lambda: pytest.fail("computed twice")) is value
    assert cache.stats() == CacheStats(hits=1, misses=1, evictions=0, entries=1, bytes=5)


async def test_shared_computes_once_for_all_who_wait():
    cache, release, calls = shared(), asyncio.Event(), []

    async def compute() -> bytes:
        calls.append(1)
        await release.wait()
        return b"value"

    waiters = [asyncio.create_task(cache.get("a", compute)) for _ in range(20)]
    await asyncio.sleep(0)
    release.set()
    values = await asyncio.gather(*waiters)
    assert len(calls) == 1
    assert all(value is values[0] for value in values)
    assert (cache.stats().misses, cache.stats().hits) == (1, 19)


async def test_shared_computes_different_keys_side_by_side():
    cache, first, second = shared(), asyncio.Event(), asyncio.Event()

    async def compute(mine: asyncio.Event, other: asyncio.Event) -> bytes:
        mine.set()
        await other.wait()
        return b"value"

    await asyncio.wait_for(
        asyncio.gather(
            cache.get("a", lambda: compute(first, second)),
            cache.get("b", lambda: compute(second, first)),
        ),
        5,
    )


async def test_shared_gives_an_error_to_all_who_wait_and_does_not_keep_it():
    cache, release = shared(), asyncio.Event()

    async def fail() -> bytes:
        await release.wait()
        raise ValueError("broken")

    waiters = [asyncio.create_task(cache.get("a", fail)) for _ in range(3)]
    await asyncio.sleep(0)
    release.set()
    results = await asyncio.gather(*waiters, return_exceptions=True)
    assert [str(result) for result in results] == ["broken"] * 3
    assert await cache.get("a", finished) == b"value"


async def test_shared_returns_a_value_larger_than_its_bound_without_keeping_it():
    cache = shared(max_bytes=3)
    assert await cache.get("a", finished) == b"value"
    assert await cache.get("a", finished) == b"value"
    assert cache.stats() == CacheStats(hits=0, misses=2, evictions=0, entries=0, bytes=0)


async def test_shared_cancelled_waiter_leaves_the_computation_to_the_others():
    cache, release = shared(), asyncio.Event()

    async def compute() -> bytes:
        await release.wait()
        return b"value"

    starter = asyncio.create_task(cache.get("a", compute))
    other = asyncio.create_task(cache.get("a", compute))
    await asyncio.sleep(0)
    starter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starter
    release.set()
    assert await other == b"value"


async def test_shared_keeps_the_value_that_every_waiter_gave_up_on():
    cache, release, done = shared(), asyncio.Event(), asyncio.Event()

    async def compute() -> bytes:
        await release.wait()
        done.set()
        return b"value"

    waiter = asyncio.create_task(cache.get("a", compute))
    await asyncio.sleep(0)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    release.set()
    await done.wait()
    assert await cache.get("a", lambda: pytest.fail("computed twice")) == b"value"


async def test_shared_error_that_nobody_waits_for_is_not_reported_as_lost():
    cache, release, reported = shared(), asyncio.Event(), []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))

    async def fail() -> bytes:
        await release.wait()
        raise ValueError("broken")

    waiter = asyncio.create_task(cache.get("a", fail))
    await asyncio.sleep(0)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    release.set()
    assert await cache.get("b", finished) == b"value"
    assert await cache.get("a", finished) == b"value"
    assert reported == []
