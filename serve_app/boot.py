"""Starts the graph from a program of ours: a local Ray cluster (or the one at RAY_ADDRESS)."""

from __future__ import annotations

import errno
import logging
import os
import socket
import time
from concurrent.futures import wait
from functools import partial
from typing import Any

import ray
from ray import serve
from ray.exceptions import RayError
from ray.serve.handle import DeploymentHandle
from ray.serve.schema import ApplicationStatus, ApplicationStatusOverview

from serve_app.detached import call_detached, run_detached
from serve_app.exposure import ray_exposure
from serve_app.haproxy.choice import listens
from serve_app.ray_node import (
    MAX_STARTS,
    StartFailed,
    first_line,
    join_cluster,
    joins_cluster,
    start_node,
)
from serve_app.ray_output import SERVE_LOG, warnings_only, without_rays_prints
from serve_app.settings import Settings

logger = logging.getLogger(__name__)

APP_NAME = "default"
BOOT_TIMEOUT_S = 600
POLL_S = 0.1
"""Between two looks at what is starting."""
SHUTDOWN_S = 20.0
"""The longest time in which Ray may stop its own processes."""
GRACEFUL_SHUTDOWN_S = 60.0
"""The same where every replica stops by itself first: on a busy host that takes a while."""
_WAYS_OUT = {
    "CPU": "lower sampler_cpus or the number of replicas, or raise ray_cpus",
    "GPU": "lower sampler_gpus or sampler_replicas",
}
"""Advice where Ray counts less of a kind than the replicas need."""
_USABLE = (ApplicationStatus.DEPLOYING, ApplicationStatus.RUNNING, ApplicationStatus.UNHEALTHY)


def start_ray(settings: Settings, *, http: bool) -> None:
    """Join the Ray cluster at RAY_ADDRESS, or start one here; then start Serve on it.

    A cluster started here ends with this process. `http`: also listen on settings.host:port.

    Raises:
        StartFailed: Ray did not start, or settings.port or settings.metrics_port is taken.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    warnings_only()
    for warning in settings.warnings(os.environ):
        logger.warning(warning)
    if joins_cluster():
        join_cluster(os.environ["RAY_ADDRESS"])
    else:
        if settings.metrics_port is not None:
            _require_free("metrics_port", "", settings.metrics_port)
        if http:
            if settings.metrics_port == settings.port:
                told = f"metrics_port and port are both {settings.port}: choose another for one"
                raise StartFailed(told)
            _require_free("port", settings.host, settings.port)
        for warning in ray_exposure(os.environ):
            logger.warning(warning)
        run_detached(import_graph)  # Ray takes longer, and mostly waits
        start_node(settings)
    _start_serve(settings, http=http)


def _start_serve(settings: Settings, *, http: bool) -> None:
    """Start Serve, until a graph can be deployed; where it does not come up, once more.

    On a busy host it may not. Its proxies go on to start while replicas load: it replaces one that
    does not come up.

    Raises:
        StartFailed: Neither try succeeded.
    """
    start = partial(
        serve.start,
        proxy_location="EveryNode" if http else "Disabled",
        http_options={"host": listens(settings), "port": settings.port},
        logging_config=SERVE_LOG,
    )
    for tries_left in reversed(range(MAX_STARTS)):
        started = call_detached(start)  # it waits for the proxies
        while not wait([started], POLL_S).done and not _has_proxies():
            pass
        error = started.exception() if started.done() else None
        if error is None:
            return
        if not isinstance(error, RayError | TimeoutError):
            raise error
        if not tries_left:
            raise StartFailed(f"Ray Serve did not start: {first_line(error)}") from error
        logger.warning("Ray Serve did not start, trying once more: %s", first_line(error))


def _has_proxies() -> bool:
    """Tell whether Serve knows its proxies; a controller that dies is told by Serve's start."""
    try:
        return bool(serve.status().proxies)
    except RayError:
        return False


def stop_ray(*, gracefully: bool) -> None:
    """Stop the Ray that `start_ray` started, or only the connection to a joined cluster.

    Ends the process where a cluster that has died keeps Ray from stopping. `gracefully`: let every
    replica stop by itself first.
    """

    def stop() -> None:
        with without_rays_prints():
            if gracefully and not joins_cluster():
                serve.shutdown()
            ray.shutdown()

    patience_s = GRACEFUL_SHUTDOWN_S if gracefully else SHUTDOWN_S
    if not run_detached(stop).wait(patience_s):
        logger.error("Ray did not stop within %g s: leaving it", patience_s)
        logging.shutdown()
        os._exit(1)


def run_graph(settings: Settings, *, http: bool) -> DeploymentHandle[Any]:
    """Deploy the graph, on HTTP or not; return the ingress's handle once all replicas are up.

    Raises:
        StartFailed: There is no room for the replicas, or one did not start.
    """
    from serve_app.graph import build_app

    _require_room(settings)
    graph = serve.RunTarget(build_app(settings), APP_NAME, "/" if http else None)
    try:
        serve.run_many(
            [graph], wait_for_ingress_deployment_creation=False, wait_for_applications_running=False
        )
    except TimeoutError as error:  # Serve goes on to replace them
        logger.warning("The graph is deployed, but not reachable yet: %s", error)
    # Serve's own wait looks once a second.
    while True:
        application = serve.status().applications.get(APP_NAME)
        if application is None:
            raise StartFailed("The graph did not start: it was deleted meanwhile")
        if application.status == "RUNNING":
            return serve.get_app_handle(APP_NAME)
        if application.status == "DEPLOY_FAILED":
            raise StartFailed(f"The graph did not start: {_why_not(application)}")
        time.sleep(POLL_S)


def import_graph() -> None:
    """Import what the graph is made of, for half a second; a later import waits for this one."""
    import serve_app.graph  # noqa: F401


def _require_room(settings: Settings) -> None:
    """Raise StartFailed if the replicas do not fit on this machine: Serve would wait for others.

    To a cluster that this process joins others may come.
    """
    if joins_cluster():
        return
    from serve_app.graph import resources_needed

    here = ray.cluster_resources()
    for kind, needed in resources_needed(settings, here.get("GPU", 0.0)).items():
        counted = here.get(kind, 0.0)
        if round(needed - counted, 4) > 0:
            raise StartFailed(
                f"The graph needs {needed:g} {kind}{'s' * (needed != 1)}, and Ray counts "
                f"{counted:g} here: {_WAYS_OUT[kind]}"
            )


def _why_not(application: ApplicationStatusOverview) -> str:
    """Return the last line of what Serve tells of the replicas that did not start."""
    reasons = [
        f"{name}: {_last_line(deployment.message)}"
        for name, deployment in application.deployments.items()
        if deployment.status == "DEPLOY_FAILED"
    ]
    return "; ".join(reasons) or _last_line(application.message)


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]


def metrics_url() -> str:
    """Return where Prometheus reads the metrics of this node; Ray must have been started."""
    here = ray.get_runtime_context().get_node_id()
    nodes: list[dict[str, Any]] = ray.nodes()
    port = next(node["MetricsExportPort"] for node in nodes if node["NodeID"] == here)
    return f"http://127.0.0.1:{port}/metrics"


def _require_free(setting: str, host: str, port: int) -> None:
    """Raise StartFailed if a port is not free: Ray would fail after a minute and not say why."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            is_taken = error.errno == errno.EADDRINUSE
            way_out = f"is taken: choose another with {setting}=…"
            reason = way_out if is_taken else f"on {host}: {error.strerror}"
            raise StartFailed(f"{setting} {port} {reason}") from error


def boot_graph(settings: Settings, *, http: bool) -> DeploymentHandle[Any]:
    """Start Ray and the graph; return the ingress's handle once the graph can speak.

    On a joined cluster where the graph already runs, or is starting, or replaces a replica, that
    graph is used as it is: deploying it again would restart its replicas under their callers.

    Raises:
        StartFailed: Ray or the graph did not start.
    """
    start_ray(settings, http=http)
    running = serve.status().applications.get(APP_NAME)
    if running is not None and running.status in _USABLE:
        ingress = serve.get_app_handle(APP_NAME)
    else:
        ingress = run_graph(settings, http=http)
    end = time.monotonic() + BOOT_TIMEOUT_S
    while not ingress.ready.remote().result(timeout_s=BOOT_TIMEOUT_S):
        if time.monotonic() > end:
            raise TimeoutError(f"the graph is up but could not speak within {BOOT_TIMEOUT_S} s")
        time.sleep(POLL_S)
    return ingress
