"""The Ray node of a program of ours: one started here, or one of a cluster that it joins."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import ray

from serve_app.settings import Settings

logger = logging.getLogger(__name__)

MAX_STARTS = 2
"""Tries at a Ray node of our own, or at Serve, each of which takes half a minute to fail."""


class StartFailed(Exception):
    """The graph cannot be started here; the message says why in one line."""


def joins_cluster() -> bool:
    """Tell whether `start_ray` joins a cluster, which others may use, too."""
    return bool(os.environ.get("RAY_ADDRESS"))


def join_cluster(address: str) -> None:
    """Join the Ray cluster at `address`.

    Raises:
        StartFailed: There is none.
    """
    try:
        with _our_sigterm():
            ray.init(address=address, logging_level=logging.WARNING)
    except Exception as error:  # Ray has no class of its own for this
        raise StartFailed(f"RAY_ADDRESS {address}: {first_line(error)}") from error


def start_node(settings: Settings) -> None:
    """Start a Ray node here; where it does not come up, as on a busy host, once more.

    Raises:
        StartFailed: Neither try succeeded.
    """
    for tries_left in reversed(range(MAX_STARTS)):
        try:
            with agent_on_a_free_port(), _our_sigterm():
                ray.init(
                    address="local",
                    num_cpus=settings.ray_cpus,
                    object_store_memory=settings.ray_object_store_bytes,
                    include_dashboard=False,
                    logging_level=logging.WARNING,
                    _temp_dir=settings.ray_temp_dir,
                    _metrics_export_port=settings.metrics_port,
                )
        except Exception as error:  # Ray has no class of its own for this
            reason = first_line(error)
            ray.shutdown()  # the processes of the failed try
            if not tries_left:
                logs = Path(settings.ray_temp_dir or "/tmp/ray", "session_latest/logs")  # noqa: S108 (Ray's own)
                raise StartFailed(f"Ray did not start: {reason} Its logs: {logs}") from error
            logger.warning("Ray did not start, trying once more: %s", reason)
        else:
            return


@contextmanager
def _our_sigterm() -> Iterator[None]:
    """Let SIGTERM do what it did before: Ray makes it end the program with status 15.

    Ray does so as soon as it begins to start, on the main thread.
    """
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    except SystemExit as stop:
        if stop.code == signal.SIGTERM and callable(handler):
            handler(signal.SIGTERM, None)
        raise
    finally:
        signal.signal(signal.SIGTERM, handler)


@contextmanager
def agent_on_a_free_port() -> Iterator[None]:
    """Give the agent of a node that is started inside any free port for HTTP, which nobody asks.

    For Ray's one of all nodes it tries for 3 s where another node has it, as on a machine with two
    servers, and its own node waits for it. `ray start` has an option for this, `ray.init` has none.
    """
    parameters: Any = ray._private.parameter
    its_own = parameters.RayParams
    parameters.RayParams = partial(its_own, dashboard_agent_listen_port=0)
    try:
        yield
    finally:
        parameters.RayParams = its_own


def first_line(error: BaseException) -> str:
    """Return the line of an error of Ray's that says what it is: they go on for pages."""
    return str(error).partition("\n")[0]
