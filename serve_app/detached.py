"""Work on a thread that nothing waits for: calls into a cluster that has died may never return."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from serve_app.ray_node import first_line

T = TypeVar("T")

logger = logging.getLogger(__name__)


def call_detached(action: Callable[[], T]) -> Future[T]:
    """Call `action` on a thread that the process does not wait for; return what will come of it."""
    outcome = Future[T]()

    def run() -> None:
        try:
            outcome.set_result(action())
        except BaseException as error:  # else whoever waits for the outcome would wait for ever
            outcome.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return outcome


def run_detached(action: Callable[[], None]) -> threading.Event:
    """Call `action` in the same way, for nothing but an event at its end; log why it failed."""
    ended = threading.Event()

    def tell(outcome: Future[None]) -> None:
        if (error := outcome.exception()) is not None:
            logger.warning("%s: %s", type(error).__name__, first_line(error))
            logger.debug("work on a detached thread failed", exc_info=error)
        ended.set()

    call_detached(action).add_done_callback(tell)
    return ended
