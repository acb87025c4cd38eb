"""How long computing takes, whatever else the machine does."""

import time
from collections.abc import Callable


def cpu_s(compute: Callable[[], object]) -> float:
    """Return the CPU seconds of `compute`: the least of three, as garbage is collected in some."""
    durations = []
    for _ in range(3):
        start = time.process_time()
        compute()
        durations.append(time.process_time() - start)
    return min(durations)


def takes_less(compute: Callable[[], object], limit_s: float) -> bool:
    """Return whether the least of three is below a limit: the first that is decides."""
    for _ in range(3):
        start = time.process_time()
        compute()
        if time.process_time() - start < limit_s:
            return True
    return False
