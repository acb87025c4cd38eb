"""Autoscaling policy: as many sampler replicas as the cluster has GPUs.

Runs in Serve's controller, which imports this module by name: it stays small.
"""

from __future__ import annotations

from typing import Any

import ray


def replicas_per_gpu(context: object) -> tuple[int, dict[str, Any]]:
    """Return one replica per GPU of the cluster, at least one, and no policy state."""
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return max(1, int(resources.get("GPU", 0))), {}
