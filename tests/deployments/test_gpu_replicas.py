import pytest
import ray

from deployments.gpu_replicas import ReplicasPerGpu


@pytest.mark.parametrize(
    ("nodes", "gpus_per_replica", "num_replicas"),
    [
        ([], 1, 1),
        ([0], 1, 1),
        ([1], 1, 1),
        ([8], 1, 8),
        ([0, 2, 4], 1, 6),
        ([2], 0.4, 4),  # two on each GPU
        ([2], 0.6, 2),
        ([1], 0.1, 10),
        ([1], 1 / 3, 3),
        ([3, 3], 2, 2),  # one on each node
    ],
)
def test_there_are_as_many_replicas_as_fit(nodes, gpus_per_replica, num_replicas, monkeypatch):
    alive = [
        {"Alive": True, "Resources": {"CPU": 4.0, **({"GPU": float(gpus)} if gpus else {})}}
        for gpus in nodes
    ]
    gone = {"Alive": False, "Resources": {"GPU": 8.0}}
    monkeypatch.setattr(ray, "nodes", lambda: [*alive, gone])
    assert ReplicasPerGpu(gpus_per_replica)(None) == (num_replicas, {})
