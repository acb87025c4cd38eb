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


def num_sharing_a_gpu(share: float) -> int:
    """Return how many replicas that take a part of a GPU fit on one.

    Ray counts in ten-thousandths.
    """
    return 10_000 // max(round(10_000 * share), 1)


def num_fitting(gpus: float, share: float) -> int:
    """Return how many replicas, each with its share of GPUs, fit on those of a node."""
    return int(gpus // share) if share >= 1 else int(gpus) * num_sharing_a_gpu(share)


class ReplicasPerGpu:
    """A policy of as many replicas as fit on the GPUs, at least one.

    One more would wait for a GPU for ever, and the graph with it. A replica has its GPUs on one
    node, and its part of a GPU on one GPU.
    """

    def __init__(self, gpus_per_replica: float) -> None:
        self._gpus_per_replica = gpus_per_replica

    def __call__(self, context: object) -> tuple[int, dict[str, Any]]:
        """Return the number of replicas, and no policy state."""
        nodes: list[dict[str, Any]] = ray.nodes()
        gpus = [node["Resources"].get("GPU", 0.0) for node in nodes if node["Alive"]]
        return max(1, sum(num_fitting(each, self._gpus_per_replica) for each in gpus)), {}
