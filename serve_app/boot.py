"""Starts the graph from a program of ours: a local Ray cluster (or the one at RAY_ADDRESS)."""

from __future__ import annotations

import logging
import os
from typing import Any

import ray
from ray import serve
from ray.serve.handle import DeploymentHandle
from ray.serve.schema import ApplicationStatus

from serve_app.graph import build_app
from serve_app.settings import Settings, unknown_variables

logger = logging.getLogger(__name__)

APP_NAME = "default"


def start_ray(settings: Settings, *, http: bool) -> None:
    """Join the Ray cluster at RAY_ADDRESS, or start one here; then start Serve on it.

    A cluster started here ends with this process. `http`: also listen on settings.host:port.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    for name in unknown_variables():
        logger.warning("no setting reads %s: is it misspelt?", name)
    if os.environ.get("RAY_ADDRESS"):
        ray.init(address=os.environ["RAY_ADDRESS"])
    else:
        ray.init(
            address="local",
            num_cpus=settings.ray_cpus,
            object_store_memory=settings.ray_object_store_bytes,
            include_dashboard=False,
            _temp_dir=settings.ray_temp_dir,
        )
    serve.start(
        proxy_location="EveryNode" if http else "Disabled",
        http_options={"host": settings.host, "port": settings.port},
    )


def boot_graph(settings: Settings, *, http: bool) -> DeploymentHandle[Any]:
    """Start Ray and the graph; return the ingress's handle once the graph can speak.

    On a joined cluster where the graph already runs, that graph is used as it is: deploying it
    again would restart its replicas under their callers.
    """
    start_ray(settings, http=http)
    running = serve.status().applications.get(APP_NAME)
    if running is not None and running.status == ApplicationStatus.RUNNING:
        ingress = serve.get_app_handle(APP_NAME)
    else:
        ingress = serve.run(build_app(settings), name=APP_NAME, route_prefix="/" if http else None)
    while not ingress.ready.remote().result():
        logger.info("waiting for the graph to speak")
    return ingress
