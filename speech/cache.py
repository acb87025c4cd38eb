"""Caches bounded by bytes: a plain one for synchronous code, a shared one for asyncio.

Neither takes a lock: each belongs to one thread or one event loop.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from speech.concurrency import mark_retrieved

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True)
class CacheStats:
    """The totals since the start (hits, misses, evictions) and the size now (entries, bytes)."""

    hits: int
    misses: int
    evictions: int
    entries: int
    bytes: int


class ByteLRU(Generic[K, V]):
    """A cache of the most recently used values whose sizes add up to at most `max_bytes`.

    Args:
        max_bytes: The bound; with 0 nothing is kept.
        size_of: Returns the number of bytes that a value counts for.
    """

    def __init__(self, max_bytes: int, size_of: Callable[[V], int]) -> None:
        self._max_bytes = max_bytes
        self._size_of = size_of
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._bytes = 0
        self._hits = 0
        self._misses = 0
        self._evictions = 0

    def get(self, key: K) -> V | None:
        """Return the value of `key`, now the most recently used, or None."""
        entry = self._entries.get(key)
        if entry is None:
            self._misses += 1
            return None
        self._hits += 1
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: K, value: V) -> None:
        """Keep `value`, evicting the least recently used; one larger than the bound is not kept."""
        self.discard(key)
        num_bytes = self._size_of(value)
        if num_bytes > self._max_bytes:
            return
        self._entries[key] = value, num_bytes
        self._bytes += num_bytes
        while self._bytes > self._max_bytes:
            _, (_, evicted_bytes) = self._entries.popitem(last=False)
            self._bytes -= evicted_bytes
            self._evictions += 1

    def discard(self, key: K) -> None:
        """Drop `key` if it is held."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry[1]

    def clear(self) -> None:
        """Drop everything; not counted as evictions."""
        self._entries.clear()
        self._bytes = 0

    def find(self, is_wanted: Callable[[V], bool]) -> V | None:
        """Return a value that is wanted, now the most recently used, or None; counts no lookup."""
        for key, (value, _) in self._entries.items():
            if is_wanted(value):
                self._entries.move_to_end(key)
                return value
        return None

    def __contains__(self, key: K) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def stats(self) -> CacheStats:
        """Return the counters."""
        return CacheStats(
            self._hits, self._misses, self._evictions, len(self._entries), self._bytes
        )


class SharedCache(Generic[K, V]):
    """A `ByteLRU` for asyncio that computes a missing value once, however many wait for it.

    To wait for a running computation counts as a hit. All waiters get the value or the error;
    an error is not kept, nor is a value larger than the bound.
    """

    def __init__(self, max_bytes: int, size_of: Callable[[V], int]) -> None:
        self._values = ByteLRU[K, V](max_bytes, size_of)
        self._running: dict[K, asyncio.Task[V]] = {}
        self._joined = 0

    async def get(self, key: K, compute: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """Return the value of `key`, computing it if it is neither held nor under way.

        If a waiter is cancelled, the computation goes on, even with no other waiter, and its
        value is kept.
        """
        task = self._running.get(key)
        if task is not None:
            self._joined += 1
        else:
            value = self._values.get(key)
            if value is not None:
                return value
            task = asyncio.create_task(self._compute(key, compute))
            self._running[key] = task
            task.add_done_callback(mark_retrieved)
        return await asyncio.shield(task)

    def find(self, is_wanted: Callable[[V], bool]) -> V | None:
        """Return a held value that is wanted, now the most recently used, or None."""
        return self._values.find(is_wanted)

    async def _compute(self, key: K, compute: Callable[[], Coroutine[Any, Any, V]]) -> V:
        try:
            value = await compute()
            self._values.put(key, value)
            return value
        finally:
            del self._running[key]

    def stats(self) -> CacheStats:
        """Return the counters."""
        held = self._values.stats()
        return CacheStats(
            held.hits + self._joined, held.misses, held.evictions, held.entries, held.bytes
        )
