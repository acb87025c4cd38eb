"""A Ray node that is lost under the program that started it."""

import psutil

from tests.graph.conftest import wait_until


def kill_node(pid: int) -> None:
    """Kill the raylet of the process `pid`, and with it every replica and proxy."""
    family = psutil.Process(pid).children(recursive=True)
    [raylet] = [process for process in family if process.name() == "raylet"]
    raylet.kill()
    wait_until(lambda: not raylet.is_running() or raylet.status() == psutil.STATUS_ZOMBIE)
