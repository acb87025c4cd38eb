"""A private Ray cluster for one benchmark run, on loopback, on all CPUs and GPUs there are."""

from __future__ import annotations

import os
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
def private_cluster(
    proxy: Literal["auto", "haproxy", "uvicorn"] = "uvicorn",
    num_cpus: int | None = None,
    num_gpus: int | None = None,
    setup_hook: str | None = None,
    object_store_bytes: int = 512 * 2**20,
) -> Iterator[str]:
    """Start Ray and Serve, yield the HTTP address, and leave nothing behind.

    Args:
        proxy: See `Settings.proxy`.
        num_cpus: CPUs that Ray counts on; as many as there are, if none.
        num_gpus: GPUs that Ray counts on, whether there are any or not; those there are, if none.
        setup_hook: A function, as `module.name`, that each process of the cluster calls first.
        object_store_bytes: Ray's shared memory.
    """
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
    # Sockets below Ray's session folder have at most 107 characters: keep it short.
    with tempfile.TemporaryDirectory(
        prefix="ray-", dir="/tmp", ignore_cleanup_errors=True
    ) as temp_dir:
        ray.init(
            address="local",
            num_cpus=num_cpus or max(2, os.cpu_count() or 1),
            num_gpus=num_gpus,
            runtime_env={"worker_process_setup_hook": setup_hook} if setup_hook else None,
            object_store_memory=object_store_bytes,
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
