"""A cluster that dies under the server: nobody watches, so the process has to end by itself."""

import signal
import time

import psutil
import pytest

from tests.graph.conftest import private_temp_dir, wait_until
from tests.server.process import Server

pytestmark = pytest.mark.ray

OUTAGE_S = 15


@pytest.fixture
def server():
    """A server that can speak and that waits for a lost graph no longer than it must."""
    with private_temp_dir() as temp_dir:
        server = Server(temp_dir, ECHO_OUTAGE_S=str(OUTAGE_S), ECHO_DRAIN_S="5")
        server.wait_for("Ready.")
        yield server
        server.stop()


def kill_node(server):
    """Kill the server's raylet, and with it every replica and proxy."""
    family = psutil.Process(server.process.pid).children(recursive=True)
    [raylet] = [process for process in family if process.name() == "raylet"]
    raylet.kill()
    wait_until(lambda: not raylet.is_running() or raylet.status() == psutil.STATUS_ZOMBIE)


def test_server_whose_node_died_ends_with_a_failure(server):
    kill_node(server)
    assert server.wait() not in (0, None)
    assert f"could not speak for {OUTAGE_S} s" in server.output


def test_sigterm_ends_a_server_whose_node_died(server):
    kill_node(server)
    server.process.send_signal(signal.SIGTERM)
    started = time.monotonic()
    server.wait()
    assert time.monotonic() - started < 5 + 20 + 10  # the drain, Ray's own shutdown, slow hosts
