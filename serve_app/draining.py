"""The graceful stop: running requests finish, new ones are refused.

The ingress refuses; when the last byte has left, only Ray Serve's HTTP proxies know, because they
hold what a slow client has not read yet. They are asked through calls that Serve does not document.
They run on a thread that nothing waits for: in a cluster that has died, calls may never return.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import threading
import time
from typing import Any

import ray
from ray import serve
from ray.serve._private.constants import SERVE_CONTROLLER_NAME, SERVE_NAMESPACE

from serve_app.detached import run_detached
from serve_app.watch import GraphWatch

logger = logging.getLogger(__name__)

POLL_S = 0.1
REPLACED_S = 20.0
"""The longest time in which Ray Serve replaces its controller or a proxy."""


class GraphLost(Exception):
    """The graph could not speak for longer than it may."""


class Signals:
    """SIGTERM, SIGINT and SIGHUP as events that the main thread waits for, and makes this on.

    A SIGHUP that is ignored, as under nohup, stays so.
    """

    def __init__(self) -> None:
        self._arrived = queue.SimpleQueue[int]()  # the only queue that a handler may put into
        numbers = [signal.SIGTERM, signal.SIGINT]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            numbers.append(signal.SIGHUP)
        for number in numbers:
            signal.signal(number, lambda number, _: self._arrived.put(number))

    def wait(self, timeout_s: float) -> bool:
        """Return whether a signal arrives within `timeout_s`."""
        try:
            self._arrived.get(timeout=timeout_s)
        except queue.Empty:
            return False
        return True


def let_proxies_drain_soon() -> None:
    """Let a proxy call itself drained at once, before Ray starts; its default is after 30 s."""
    os.environ.setdefault("RAY_SERVE_PROXY_MIN_DRAINING_PERIOD_S", str(POLL_S))


def wait_for_signal(signals: Signals, watch: GraphWatch) -> None:
    """Return when a signal arrives.

    Raises:
        GraphLost: The graph could not speak for longer than the watch allows.
    """
    while not signals.wait(POLL_S):
        if watch.is_lost:
            raise GraphLost(f"The graph could not speak for {watch.limit_s:g} s")


def drain(app_name: str, drain_s: float, signals: Signals) -> None:
    """Refuse new requests; return when all running ones have ended.

    Returns after `drain_s` all the same, and as soon as another signal arrives.
    """
    logger.warning("Stopping: running requests have %g s; a second signal ends them", drain_s)
    end = time.monotonic() + drain_s
    given_up = threading.Event()

    drained = run_detached(lambda: _drain(app_name, given_up))
    while not drained.is_set() and time.monotonic() < end:
        if signals.wait(POLL_S):
            break
    given_up.set()


def _drain(app_name: str, given_up: threading.Event) -> None:
    """Have every ingress refuse new requests; return when no proxy has an open one.

    A controller or a proxy that dies meanwhile is replaced: that it does not answer does not say
    that nothing runs. Returns early once the drain is given up, and all of them are stopped.

    Raises:
        Exception: There has been no answer for REPLACED_S.
    """
    refuses = False
    answered_at = time.monotonic()
    while not given_up.is_set():
        try:
            if not refuses:
                _refuse_requests(app_name)
                refuses = True
            if _proxies_are_drained():
                return
            answered_at = time.monotonic()
        except Exception:
            if not given_up.is_set() and time.monotonic() - answered_at > REPLACED_S:
                raise
        time.sleep(POLL_S)  # the proxies answer, and send no event


def _refuse_requests(app_name: str) -> None:
    ingresses = serve.get_app_handle(app_name).broadcast("drain")
    ingresses.results(return_exceptions=True)  # a replica that is gone takes no requests


def _proxies_are_drained() -> bool:
    # Ray types an actor's methods as Never.
    controller: Any = ray.get_actor(SERVE_CONTROLLER_NAME, namespace=SERVE_NAMESPACE)
    proxies = list(ray.get(controller.get_proxies.remote()).values())
    if not proxies:
        raise LookupError("a controller that was replaced just now knows of no proxy yet")
    ray.get([proxy.update_draining.remote(True) for proxy in proxies])
    return all(ray.get([proxy.is_drained.remote() for proxy in proxies]))
