"""Autoscaling policy: as many sampler replicas as fit on the cluster's GPUs.

Runs in Serve's controller, which imports this module by name: it stays small.
"""

from __future__ import annotations

from typing import Any

import ray


def count_gpus() -> float:
    """Return the number of GPUs on the cluster that this process is connected to."""
    resources: dict[str, float] = ray.cluster_resources()
    return resources.get("GPU", 0)


class ReplicasPerGpu:
    """A policy of as many replicas as the GPUs suffice for, at least one."""

    def __init__(self, gpus_per_replica: float) -> None:
        self._gpus_per_replica = gpus_per_replica

    def __call__(self, context: object) -> tuple[int, dict[str, Any]]:
        """Return the number of replicas, and no policy state."""
        return max(1, int(count_gpus() / self._gpus_per_replica)), {}
