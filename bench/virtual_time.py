"""An event loop whose time passes only in sleep, and at once: minutes of waiting take no time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Sleepless(selectors.DefaultSelector):
    """Moves a clock on where it would wait for the time to pass."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events and timeout:
            self.now += timeout
        return events


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` in such a loop; its `time()` starts at 0."""
    selector = _Sleepless()
    loop = asyncio.SelectorEventLoop(selector)
    loop.time = lambda: selector.now  # type: ignore[method-assign] # the point of it
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main)
