"""How long computing takes, whatever else the machine does."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def takes_less(compute: Callable[[T], object], many: T, few: T, times: float) -> bool:
    """Return whether `compute(many)` takes less CPU time than so many of `compute(few)`.

    Of `few` the least of three counts, as garbage is collected in some, and a millisecond at least;
    of `many` the first of three that is below decides.
    """
    limit_s = times * max(0.001, min(_cpu_s(compute, few) for _ in range(3)))
    return any(_cpu_s(compute, many) < limit_s for _ in range(3))


def _cpu_s(compute: Callable[[T], object], given: T) -> float:
    start = time.process_time()
    compute(given)
    return time.process_time() - start
