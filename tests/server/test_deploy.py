"""The documented commands for a cluster, against a running one that asks for its token."""

import os
import re
import secrets
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml

from tests.graph.conftest import free_port, private_temp_dir, wait_until
from tests.server.process import Server, kill_family

pytestmark = pytest.mark.ray

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


@pytest.fixture
def shell():
    """The environment of an operator's shell, with the token; Ray does not ask for it there yet."""
    with private_temp_dir() as temp_dir:
        token = Path(temp_dir, "auth_token")
        token.write_text(secrets.token_hex(32))
        environment = os.environ | {
            "RAY_AUTH_TOKEN_PATH": str(token),
            "PATH": f"{BIN}:{os.environ['PATH']}",
        }
        environment.pop("RAY_AUTH_MODE", None)
        yield environment


@dataclass(frozen=True)
class Cluster:
    """Where a cluster in processes of its own answers."""

    address: str
    dashboard_port: int


@pytest.fixture
def cluster_apart(shell):
    cluster = Cluster(f"127.0.0.1:{free_port()}", free_port())
    environment = shell | {
        "RAY_AUTH_MODE": "token",
        "PYTHONPATH": str(ROOT),
        "AUDIO_VOICES_DIR": str(ROOT / "voices"),
    }
    with private_temp_dir() as temp_dir:
        command = [
            *(BIN / "ray", "start", "--head", "--block", "--num-cpus=4"),
            *("--port", cluster.address.partition(":")[2]),
            *("--temp-dir", temp_dir, "--disable-usage-stats"),
            *("--object-store-memory", str(128 * 2**20)),
            *("--dashboard-port", str(cluster.dashboard_port), "--dashboard-agent-listen-port=0"),
        ]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        yield cluster
        kill_family(process)  # asked to end, Ray would first wait for one after the other


def documented_commands(dashboard_port):
    """Return the commands of docs/deploying.md without those that need hosts of one's own."""
    (block,) = re.findall(
        r"```console\n([^`]*serve deploy[^`]*)```", (ROOT / "docs" / "deploying.md").read_text()
    )
    lines = [line.strip() for line in block.splitlines()]
    ours = [line for line in lines if not line.startswith("ray ")]
    return "\n".join(ours).replace("127.0.0.1:8265", f"127.0.0.1:{dashboard_port}")


def answers(url):
    try:
        return httpx.get(url, timeout=5, verify=False).status_code == 200
    except httpx.TransportError:
        return False


def test_documented_commands_bring_the_graph_up_and_a_server_that_joins_leaves_it(
    cluster_apart, shell, tmp_path
):
    config = yaml.safe_load((ROOT / "serve_config.yaml").read_text())
    port = free_port()
    config["http_options"] = {"host": "127.0.0.1", "port": port}
    config["applications"][0]["args"]["sampler_gpus"] = 0  # as its comment says
    (tmp_path / "serve_config.yaml").write_text(yaml.safe_dump(config))
    subprocess.run(
        ["bash", "-euc", documented_commands(cluster_apart.dashboard_port)],
        cwd=tmp_path,
        env=shell | {"RAY_DASHBOARD_ADDRESS": f"http://127.0.0.1:{cluster_apart.dashboard_port}"},
        check=True,
        timeout=120,
    )
    wait_until(lambda: answers(f"http://127.0.0.1:{port}/ping"), timeout_s=120)
    health = httpx.get(f"http://127.0.0.1:{port}/health", timeout=30).json()
    assert health["status"] == "healthy"
    assert health["checks"]["audio_files"]["count"] == 2

    joining = {name: shell[name] for name in ("RAY_AUTH_TOKEN_PATH", "PATH")}
    server = Server(
        str(tmp_path),
        **joining,
        RAY_ADDRESS=cluster_apart.address,
        RAY_AUTH_MODE="token",
        PORT=str(port),
    )
    try:
        server.wait_for("Ready.")
        server.process.send_signal(signal.SIGTERM)
        assert server.wait() == 0
    finally:
        server.stop()
    assert answers(f"http://127.0.0.1:{port}/ping")


def test_cluster_file_names_the_readmes_commands():
    told = (ROOT / "cluster.yaml").read_text()
    for command in documented_commands(8265).splitlines():
        assert command in told
