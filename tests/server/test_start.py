"""Starting where Ray's node does not come up, as on a busy host."""

import threading
import time
from contextlib import suppress

import httpx
import psutil
import pytest

from serve_app.boot import MAX_STARTS
from tests.graph.conftest import private_temp_dir
from tests.server.process import PATIENCE_S, Server

pytestmark = [pytest.mark.ray, pytest.mark.timeout(PATIENCE_S)]


@pytest.fixture(scope="module")
def servers():
    """Two servers that start side by side, by how many of their raylets are killed."""
    servers = {}
    with private_temp_dir() as first, private_temp_dir() as second:
        for failures, temp_dir in ((1, first), (MAX_STARTS, second)):
            servers[failures] = server = Server(temp_dir)
            threading.Thread(target=kill_raylets, args=(server.process.pid, failures)).start()
        yield servers
        for server in servers.values():
            server.stop()


@pytest.fixture(scope="module")
def pings(servers):
    """What `/ping` of the first server answers, from when its port is open until it is ready."""
    server, answers = servers[1], []
    while server.process.poll() is None and 200 not in answers:
        with suppress(httpx.TransportError):  # nothing listens yet
            answers.append(server.ping())
        time.sleep(0.02)
    return answers


def kill_raylets(pid, count):
    """Kill the first `count` raylets of the process `pid`; none of them tells of its start."""
    killed = set()
    while len(killed) < count and psutil.pid_exists(pid):
        for child in psutil.Process(pid).children(recursive=True):
            if child.pid not in killed and child.name() == "raylet":
                child.kill()
                killed.add(child.pid)
        time.sleep(0.01)


def test_ping_is_204_until_the_server_is_ready(pings):
    assert set(pings) <= {204, 200}


def test_node_that_does_not_come_up_is_started_once_more(servers):
    server = servers[1]
    server.wait_for("Ready.")
    assert "Ray did not start, trying once more: The current node timed out" in server.output


def test_node_that_never_comes_up_ends_the_server_with_one_line(servers):
    server = servers[MAX_STARTS]
    assert server.wait() == 1
    [line] = [line for line in server.output.splitlines() if "Ray did not start: " in line]
    assert line.endswith("session_latest/logs")
    assert "Traceback" not in server.output
