"""Stopping without cutting anybody off: running requests finish, new ones are refused.

The ingress refuses; when the last byte has left, only Ray Serve's HTTP proxies know, because they
hold what a slow client has not read yet. They are asked through calls that Serve does not document.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from typing import Any

import ray
from ray import serve
from ray.serve._private.constants import SERVE_CONTROLLER_NAME, SERVE_NAMESPACE

logger = logging.getLogger(__name__)

POLL_S = 0.1


def let_proxies_drain_soon() -> None:
    """Let a proxy call itself drained at once; Ray's default is 30 s. Read when Ray starts."""
    os.environ.setdefault("RAY_SERVE_PROXY_MIN_DRAINING_PERIOD_S", str(POLL_S))


async def drain_when_told(app_name: str, drain_s: float) -> None:
    """Wait for SIGTERM or SIGINT, then for the end of all requests.

    Returns after `drain_s` all the same, and as soon as a second signal comes.
    """
    signals: asyncio.Queue[int] = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, signals.put_nowait, number)
    await signals.get()
    logger.warning("Stopping: running requests have %g s; a second signal ends them", drain_s)
    drained = asyncio.ensure_future(_drain(app_name))
    again = asyncio.ensure_future(signals.get())
    await asyncio.wait((drained, again), timeout=drain_s, return_when=asyncio.FIRST_COMPLETED)
    if drained.done():
        drained.result()


async def _drain(app_name: str) -> None:
    """Have every ingress refuse new requests; return when no proxy has an open one."""
    ingresses = serve.get_app_handle(app_name).broadcast("drain")
    await ingresses.results_async(return_exceptions=True)  # one may be gone: nobody calls it
    # Ray types an actor's methods as Never.
    controller: Any = ray.get_actor(SERVE_CONTROLLER_NAME, namespace=SERVE_NAMESPACE)
    proxies = list((await controller.get_proxies.remote()).values())
    await asyncio.gather(*(proxy.update_draining.remote(True) for proxy in proxies))
    # They answer, and send no event.
    while not all(  # noqa: ASYNC110
        await asyncio.gather(*(proxy.is_drained.remote() for proxy in proxies))
    ):
        await asyncio.sleep(POLL_S)
