"""The graph as an HTTP server: started, announced, watched, drained and stopped.

It imports Ray: what Ray reads from the environment has to be set before.
"""

from __future__ import annotations

import http.client
import logging
import threading
import time
from functools import partial
from typing import Any

from ray.serve.handle import DeploymentHandle

from serve_app.announcement import addresses_here, announce, announcement
from serve_app.boot import APP_NAME, metrics_url, run_graph, start_ray, stop_ray
from serve_app.draining import GraphLost, Signals, drain, let_proxies_drain_soon, wait_for_signal
from serve_app.haproxy.fullness import is_full
from serve_app.ray_node import StartFailed, joins_cluster
from serve_app.settings import Settings
from serve_app.watch import GraphWatch, can_speak

logger = logging.getLogger(__name__)

READY_POLL_S = 0.2
PING_S = 5.0
"""The longest time in which our own port answers."""


def serve_graph(settings: Settings) -> int:
    """Serve the graph over HTTP until told to stop by SIGTERM or Ctrl-C; return the exit status.

    Running requests may then finish first, for up to `drain_s`. On a joined cluster the graph goes
    on without this process. A graph that cannot speak for `outage_s` ends it with status 1.
    """
    let_proxies_drain_soon()
    try:
        start_ray(settings, http=True)
    except StartFailed as error:
        logger.critical("%s", error)
        stop_ray(gracefully=False)
        return 1
    except KeyboardInterrupt:
        stop_ray(gracefully=False)
        raise
    status = 1
    try:
        _serve_until_told(settings)
        status = 0
    except StartFailed as error:
        logger.critical("%s", error)
    except GraphLost as error:
        logger.critical("%s: this process ends, to be started anew", error)
    finally:
        stop_ray(gracefully=status == 0)
    return status


def _serve_until_told(settings: Settings) -> None:
    """Run the graph until a signal comes, then drain it.

    Raises:
        StartFailed: It does not start.
        GraphLost: It could not speak for too long.
    """
    try:
        ingress = run_graph(settings, http=True)
        watch = GraphWatch(partial(_serves, ingress, settings), settings.outage_s)
        watch.start()
        signals = Signals()
        # Not before: a signal that follows the announcement has to drain.
        threading.Thread(target=_announce, args=(settings,), daemon=True).start()
        wait_for_signal(signals, watch)
        if not joins_cluster():
            drain(APP_NAME, settings.drain_s, signals)
    except KeyboardInterrupt:
        logger.warning("Stopping")  # while it was starting


def _serves(ingress: DeploymentHandle[Any], settings: Settings) -> bool:
    """Tell whether the graph can speak and, unless others run its port, callers reach it.

    Those of a full port do: it answers when one of them has gone.
    """
    return can_speak(ingress) and (joins_cluster() or ping(settings) is not None or is_full())


def _announce(settings: Settings) -> None:
    """Print the announcement once the graph can speak."""
    while ping(settings) != 200:
        time.sleep(READY_POLL_S)
    announce(announcement(settings, metrics_url()))


def ping(settings: Settings) -> int | None:
    """Return the status that `/ping` is answered with here; None if there is no answer."""
    answers = (_ping(host, settings.port) for host in addresses_here(settings.host))
    return next((status for status in answers if status is not None), None)


def _ping(host: str, port: int) -> int | None:
    connection = http.client.HTTPConnection(host, port, timeout=PING_S)  # through no proxy
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
