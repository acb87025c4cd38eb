"""A cluster that dies under the server: nobody watches, so the process has to end by itself."""

import signal
import time

import pytest

from tests.ray_node import kill_node
from tests.server.process import side_by_side

pytestmark = pytest.mark.ray

OUTAGE_S = 15


@pytest.fixture(scope="module")
def servers():
    """Two servers that wait for a lost graph no longer than they must.

    The node of the second dies at once: it waits while another test runs.
    """
    patience = {"ECHO_OUTAGE_S": str(OUTAGE_S), "ECHO_DRAIN_S": "5"}
    with side_by_side(patience, patience) as servers:
        kill_node(servers[1].process.pid)
        yield servers


def test_sigterm_ends_a_server_whose_node_died(servers):
    server = servers[0]
    kill_node(server.process.pid)
    server.process.send_signal(signal.SIGTERM)
    started = time.monotonic()
    server.wait()
    assert time.monotonic() - started < 5 + 20 + 10  # the drain, Ray's own shutdown, slow hosts


def test_server_whose_node_died_ends_with_a_failure(servers):
    server = servers[1]
    server.wait_for(f"could not speak for {OUTAGE_S} s")
    assert server.wait() not in (0, None)
