"""`serve deploy serve_config.yaml` against a running cluster."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml

from tests.graph.conftest import free_port, private_temp_dir, wait_until

pytestmark = pytest.mark.ray

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


@pytest.fixture
def head():
    """The address of a cluster's dashboard; the cluster runs in processes of its own."""
    dashboard_port = free_port()
    environment = os.environ | {
        "RAY_AUTH_MODE": "disabled",
        "PYTHONPATH": str(ROOT),
        "AUDIO_VOICES_DIR": str(ROOT / "voices"),
    }
    with private_temp_dir() as temp_dir:
        command = [
            *(BIN / "ray", "start", "--head", "--block", "--num-cpus=4"),
            *("--port", str(free_port()), "--temp-dir", temp_dir, "--disable-usage-stats"),
            *("--object-store-memory", str(128 * 2**20)),
            *("--dashboard-port", str(dashboard_port), "--dashboard-agent-listen-port=0"),
        ]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        address = f"http://127.0.0.1:{dashboard_port}"
        wait_until(lambda: answers(f"{address}/api/version"))
        yield address
        process.terminate()
        process.wait(timeout=60)


def answers(url):
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def test_serve_deploy_brings_the_graph_up(head, tmp_path):
    config = yaml.safe_load((ROOT / "serve_config.yaml").read_text())
    port = free_port()
    config["http_options"] = {"host": "127.0.0.1", "port": port}
    config["applications"][0]["args"]["sampler_gpus"] = 0  # as its comment says
    file = tmp_path / "serve_config.yaml"
    file.write_text(yaml.safe_dump(config))
    environment = os.environ | {"RAY_AUTH_MODE": "disabled"}
    subprocess.run(
        [BIN / "serve", "deploy", "-a", head, file], env=environment, check=True, timeout=60
    )
    wait_until(lambda: answers(f"http://127.0.0.1:{port}/ping"), timeout_s=120)
    health = httpx.get(f"http://127.0.0.1:{port}/health", timeout=30).json()
    assert health["status"] == "healthy"
    assert health["checks"]["audio_files"]["count"] == 2
