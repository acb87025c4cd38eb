"""Calls into a folder that may stall, such as a share whose file server went away.

A thread in such a call cannot be stopped. It is left behind after a time limit, and is free again
when the call returns after all.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from speech.errors import VoicesUnavailable

P = ParamSpec("P")
T = TypeVar("T")

MAX_THREADS = 512
MAX_THREADS_PER_NAME = 2
"""The calls about one voice at a time, so that those that stall leave threads to the others."""
MAX_LATE_PER_FOLDER = 64
"""Late calls in one sub-folder after which it gets no more: callers may make up names there."""


@dataclass
class _Calls:
    """The calls about one name: how many may begin, wait, and when those under way began."""

    places: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(MAX_THREADS_PER_NAME)
    )
    num_waiting: int = 0
    started_s: dict[Future[Any], float] = field(default_factory=dict)


class FileCalls:
    """Threads for calls that each concern one name, with a time limit.

    Args:
        thread_name: Prefix of the threads' names.
        timeout_s: The longest time of a call, its wait for a thread included.
    """

    def __init__(self, thread_name: str, timeout_s: float) -> None:
        self._threads = ThreadPoolExecutor(MAX_THREADS, thread_name)
        self._timeout_s = timeout_s
        self._calls: dict[str, _Calls] = {}

    async def run(self, name: str, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return the result of `call`, made on a thread.

        Raises:
            VoicesUnavailable: It took too long, or an earlier call about `name` still does, or many
                in its folder.
        """
        if self._stalls(name):
            raise VoicesUnavailable
        calls = self._calls.setdefault(name, _Calls())
        calls.num_waiting += 1
        try:
            async with asyncio.timeout(self._timeout_s):
                await calls.places.acquire()
                thread = self._threads.submit(call, *args, **kwargs)
                calls.started_s[thread] = time.monotonic()
                loop = asyncio.get_running_loop()
                thread.add_done_callback(
                    lambda thread: loop.call_soon_threadsafe(self._ended, name, thread)
                )
                return await asyncio.wrap_future(thread)
        except TimeoutError:
            raise VoicesUnavailable from None
        finally:
            calls.num_waiting -= 1
            self._forget_if_idle(name)

    def _stalls(self, name: str) -> bool:
        begun_late_s = time.monotonic() - self._timeout_s
        late = [
            other
            for other, calls in self._calls.items()
            for start_s in calls.started_s.values()
            if start_s < begun_late_s
        ]
        # Names without a folder may be links that lead anywhere.
        folder = _folder(name)
        num_beside = sum(_folder(other) == folder for other in late) if folder else 0
        return name in late or num_beside >= MAX_LATE_PER_FOLDER

    def _ended(self, name: str, thread: Future[Any]) -> None:
        calls = self._calls[name]
        del calls.started_s[thread]
        calls.places.release()
        self._forget_if_idle(name)

    def _forget_if_idle(self, name: str) -> None:
        calls = self._calls[name]
        if not (calls.num_waiting or calls.started_s):
            del self._calls[name]


def _folder(name: str) -> str:
    """Return the first folder of a name, empty where it has none."""
    folder, slash, _ = name.partition("/")
    return folder if slash else ""
