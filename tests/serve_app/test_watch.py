import threading

from deployments.awake_clock import AwakeClock
from serve_app.watch import PROBE_PERIOD_S, PROBE_TIMEOUT_S, GraphWatch

OUTAGE_S = 60.0


def test_probe_that_fails_in_its_own_way_is_no_answer_and_not_the_last() -> None:
    """Else the watch would end, and with it, after a while, a server that is well."""
    asked = threading.Event()
    answers = iter([ValueError("garbage"), True])

    def can_speak() -> bool:
        answer = next(answers, True)
        if isinstance(answer, Exception):
            raise answer
        asked.set()
        return answer

    GraphWatch(can_speak, OUTAGE_S).start()
    assert asked.wait(60)


class Time:
    """A clock that is set by hand, and the one that ticks with it."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.clock = AwakeClock(lambda: self.now_s)

    def run(self, seconds: float) -> None:
        """Let time pass, with a tick every second."""
        for _ in range(int(seconds)):
            self.now_s += 1
            self.clock.tick()

    def stop(self, seconds: float) -> None:
        """Let time pass while nothing runs, and then run on."""
        self.now_s += seconds
        self.clock.tick()


def test_silence_makes_an_outage_and_a_long_one_is_a_loss() -> None:
    time = Time()
    watch = GraphWatch(lambda: True, OUTAGE_S, time.clock)
    time.run(PROBE_PERIOD_S + PROBE_TIMEOUT_S)
    assert not watch.is_out
    time.run(1)
    assert watch.is_out
    assert not watch.is_lost
    time.run(OUTAGE_S)
    assert watch.is_lost


def test_stopped_process_does_not_take_its_graph_for_lost() -> None:
    time = Time()
    watch = GraphWatch(lambda: True, OUTAGE_S, time.clock)
    time.stop(3600)
    assert not watch.is_lost
    assert not watch.is_out
