"""A private Ray cluster for one benchmark run, on loopback, on as many CPUs as there are."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import ray
from ray import serve

from serve_app.environment import set_ray_defaults
from serve_app.haproxy.choice import choose_proxy
from serve_app.settings import Settings


@contextmanager
def private_cluster(proxy: Literal["auto", "haproxy", "uvicorn"] = "uvicorn") -> Iterator[str]:
    """Start Ray and Serve behind `proxy`, yield the HTTP address, and leave nothing behind."""
    # Sockets below Ray's session folder have at most 107 characters: keep it short.
    temp_dir = tempfile.mkdtemp(prefix="ray-", dir="/tmp")
    set_ray_defaults()
    choose_proxy(Settings(proxy=proxy, host="127.0.0.1"))
    os.environ |= {
        "RAY_AUTH_MODE": "disabled",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_worker_niceness": "0",  # as this process, which the graph is compared with
    }
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    ray.init(
        address="local",
        num_cpus=max(2, os.cpu_count() or 1),
        object_store_memory=512 * 2**20,
        include_dashboard=False,
        log_to_driver=False,
        _temp_dir=temp_dir,
    )
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        serve.shutdown()
        ray.shutdown()
        shutil.rmtree(temp_dir, ignore_errors=True)
