"""A clock of the seconds in which this process ran.

To a process that was stopped for a while, as by `docker pause` or with its virtual machine, others
seem to have been silent. So what waits for an answer must not count that time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import cache

TICK_S = 0.1
MAX_GAP_S = 2.0
"""The most that one tick counts: on a busy host it is late."""


class AwakeClock:
    """Counts the time from tick to tick, up to `MAX_GAP_S`: longer, and the process was stopped.

    Args:
        now_s: Returns the time of a clock that goes on meanwhile.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._ticked_s = now_s()
        self.seconds = 0.0
        """The seconds counted so far; any thread may read them."""

    def tick(self) -> None:
        """Count the time since the last tick; for one thread."""
        now_s = self._now_s()
        self.seconds += min(now_s - self._ticked_s, MAX_GAP_S)
        self._ticked_s = now_s


@cache
def awake_clock() -> AwakeClock:
    """Return the clock of this process, which a thread of its own ticks."""
    clock = AwakeClock()
    threading.Thread(target=_tick, args=(clock,), name="awake-clock", daemon=True).start()
    return clock


def _tick(clock: AwakeClock) -> None:
    while True:
        time.sleep(TICK_S)
        clock.tick()
