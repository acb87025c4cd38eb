import os
from unittest.mock import patch

import pytest
from ray._private.accelerators import NvidiaGPUAcceleratorManager

from bench.cluster import private_cluster
from deployments.gpu_replicas import count_gpus


@pytest.mark.ray
def test_a_cluster_has_the_gpus_of_its_machine(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(
        NvidiaGPUAcceleratorManager, "get_current_node_num_accelerators", staticmethod(lambda: 2)
    )
    with patch.dict(os.environ), private_cluster():
        assert count_gpus() == 2
