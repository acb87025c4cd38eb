"""A Ray cluster of several nodes on this machine, and the graph on it."""

import itertools
import os
import secrets
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil

from serve_app.environment import _DEFAULTS
from tests.graph.conftest import free_port, replicas, wait_until
from tests.server.deploy_on_nodes import GRAPH
from tests.server.process import PATIENCE_S, ROOT

MAX_STARTS = 3
MARK = "ECHO_TEST_NODE"
"""The variable by which all processes of a node are known, also those whose parent has ended."""
QUICK_TO_MISS = {
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_initial_delay_ms": "1000",
}
"""Makes Ray ask three times as often whether a node is alive; a slow one has as long to answer."""


class Nodes:
    """Ray nodes, of which the first is the head; it has no GPU and the others have one each.

    A node has one CPU, as far as Ray knows.
    """

    def __init__(self, temp_dir: str) -> None:
        self._address = f"127.0.0.1:{free_port()}"
        self._temp_dir = temp_dir
        self._environment = {
            **os.environ,
            **_DEFAULTS,
            **QUICK_TO_MISS,
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "RAY_AUTH_MODE": "token",  # nodes of a cluster listen on all addresses
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        self._marks = (f"{temp_dir}-{number}" for number in itertools.count())
        self._started: dict[str, subprocess.Popen[bytes]] = {}
        self._deployed = ""

    def add(self, folder: Path) -> str:
        """Start a node whose processes run in a folder; return what it is known by.

        On a busy machine Ray may give a start up: then there is another try.
        """
        head = [
            *("--head", "--port", self._address.partition(":")[2], "--temp-dir", self._temp_dir),
            *("--include-dashboard=false", "--no-monitor"),
        ]
        command = [
            *(str(Path(sys.executable).parent / "ray"), "start", "--block"),
            *("--disable-usage-stats", "--num-cpus=1", "--object-store-memory", str(80 * 2**20)),
            *(["--num-gpus=1", "--address", self._address] if self._started else head),
            # Other servers on this machine have the usual ports.
            *("--min-worker-port=0", "--max-worker-port=0", "--dashboard-agent-listen-port=0"),
            *("--ray-client-server-port", str(free_port()), "--include-log-monitor=false"),
        ]
        for _ in range(MAX_STARTS):
            node = self._run(command, folder)
            wait_until(partial(self._is_up_or_ended, node), PATIENCE_S)
            if not self._ended(node):
                return node
            self.kill(node)
        raise AssertionError(f"Ray did not start: {self._printed(node)}")

    def _is_up_or_ended(self, node: str) -> bool:
        return "--block" in self._printed(node) or self._ended(node)

    def deploy(self, port: int) -> None:
        """Deploy the graph, once there are enough nodes, on those that there are and will be."""
        program = [sys.executable, "-m", "tests.server.deploy_on_nodes", self._address, str(port)]
        self._deployed = self._run(program, ROOT)

    def wait_for(self, *, nodes: int, samplers: int) -> None:
        """Return when there are as many; samplers count once they can speak."""

        def are_there() -> bool:
            assert not self._ended(self._deployed), self._printed(self._deployed)
            return self._printed(self._deployed).endswith(f"{nodes} {samplers}\n")

        wait_until(are_there, PATIENCE_S)

    def replicas(self, node: str, deployment: str) -> int:
        """Return how many replicas of a deployment run on a node."""
        return len(set(replicas(GRAPH, deployment)) & set(processes(node)))

    def kill(self, node: str) -> None:
        """Kill all processes of a node at once, as if its power were cut."""
        while alive := processes(node):
            for process in alive:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            time.sleep(0.02)  # those that a process was about to start
        self._started[node].wait()

    def stop(self) -> None:
        for node in reversed(self._started):
            self.kill(node)

    def _run(self, command: list[str], folder: Path) -> str:
        mark = next(self._marks)
        with open(self._output(mark), "wb") as output:
            self._started[mark] = subprocess.Popen(
                command,
                cwd=folder,
                env=self._environment | {MARK: mark},
                stdout=output,
                stderr=output,
            )
        return mark

    def _ended(self, mark: str) -> bool:
        return self._started[mark].poll() is not None

    def _output(self, mark: str) -> Path:
        return Path(self._temp_dir, f"output-{mark.rpartition('-')[2]}")

    def _printed(self, mark: str) -> str:
        return self._output(mark).read_text()


def processes(node: str) -> list[psutil.Process]:
    """Return the processes of a node that run."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # it has ended, or is another user's
            if process.environ().get(MARK) == node and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found
