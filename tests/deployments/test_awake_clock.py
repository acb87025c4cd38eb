import time

import pytest

from deployments.awake_clock import MAX_GAP_S, TICK_S, AwakeClock, awake_clock


def test_time_in_which_the_process_was_stopped_does_not_count() -> None:
    times = iter([100.0, 100.1, 100.3, 3700.3, 3700.4])
    clock = AwakeClock(lambda: next(times))
    for _ in range(4):
        clock.tick()
    assert clock.seconds == pytest.approx(0.3 + MAX_GAP_S + 0.1)


def test_process_has_one_clock_which_ticks() -> None:
    clock = awake_clock()
    assert awake_clock() is clock
    while not clock.seconds:
        time.sleep(TICK_S)
