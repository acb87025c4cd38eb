"""The signals that stop a server; what follows is in tests/server/test_start_and_stop.py."""

import signal

import pytest

from serve_app.draining import Signals

STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@pytest.fixture(autouse=True)
def handlers():
    """Those of this process, which come back; it may itself run under nohup."""
    before = {number: signal.getsignal(number) for number in STOPPING}
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", STOPPING)
def test_signal_stops_the_wait(number):
    signals = Signals()
    signal.raise_signal(number)
    assert signals.wait(60)


def test_hangup_that_is_ignored_stays_so():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    Signals()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
