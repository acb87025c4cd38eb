"""One real Ray cluster for all tests of the folder, and the graph on it."""

import os
import shutil
import socket
import tempfile
import time
from contextlib import contextmanager, suppress
from itertools import cycle, islice
from pathlib import Path

import httpx
import psutil
import pytest
import ray
from ray import serve

from serve_app.environment import set_ray_defaults
from serve_app.graph import build_app
from serve_app.haproxy.choice import choose_proxy
from serve_app.ray_node import agent_on_a_free_port
from serve_app.settings import Settings
from tests.few_steps import write_mini_of_few_steps
from tests.texts import ENDLESS

ROOT = Path(__file__).parents[2]
KEY = "secret"
REPORT_MS = 2000
"""The time between reports of metrics, which take some work."""


_PORTS = range(20_000, 32_000)
"""Above those of Ray's workers, and below those that Linux gives to whoever names none."""
_ports = islice(cycle(_PORTS), 97 * os.getpid() % len(_PORTS), None)


def free_port() -> int:
    """Return a port on which nobody listens, nor will before the server that it is for.

    Processes of tests begin far apart.
    """
    for port in _ports:
        with socket.socket() as sock, suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port
    raise AssertionError("ports come in a circle")


@contextmanager
def private_temp_dir():
    """A folder for Ray's session, gone at the end."""
    # Sockets below it have at most 107 characters: keep it short.
    temp_dir = tempfile.mkdtemp(prefix="ray-", dir="/tmp")
    yield temp_dir
    shutil.rmtree(temp_dir, ignore_errors=True)


def small_ray(temp_dir: str) -> dict[str, str]:
    """Return the environment in which a server starts a Ray of its own, as small as can be."""
    return {
        "ECHO_RAY_TEMP_DIR": temp_dir,
        "ECHO_RAY_CPUS": "2",
        "ECHO_RAY_OBJECT_STORE_BYTES": str(128 * 2**20),
        "RAY_AUTH_MODE": "disabled",
    }


def wait_until(condition, timeout_s: float = 60, period_s: float = 0.1) -> None:
    """Return when `condition()` holds; it is asked of processes that send no event."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(period_s)


def get(url: str) -> httpx.Response:
    """Ask what is asked again and again: without reading certificates, which takes 18 ms."""
    return httpx.get(url, timeout=60, verify=False)


def stats(name: str) -> dict[str, float]:
    """Return the `stats()` of the engine of the graph called `name`."""
    handle = serve.get_deployment_handle("Sampler", name)
    return handle.report.remote().result(timeout_s=60)["stats"]


def replicas(name: str, deployment: str) -> list[psutil.Process]:
    """Return the processes of a deployment of a graph, which Ray names after it."""
    title = f"ServeReplica:{name}:{deployment}"
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # it has ended meanwhile
            if title in " ".join(process.cmdline()):
                found.append(process)
    return found


def num_running(name: str, deployment: str) -> int:
    """Return how many replicas of a deployment of a graph Serve says are running."""
    states = serve.status().applications[name].deployments[deployment].replica_states
    return states.get("RUNNING", 0)


def open_jobs(name: str) -> int:
    """Return how many jobs that engine has now."""
    now = stats(name)
    return now["jobs_active"] + now["jobs_waiting"]


def wait_until_given_up(name: str, before: dict[str, float]) -> None:
    """Return when that engine is free, and has given up a job since its stats were `before`."""
    wait_until(lambda: stats(name)["jobs_cancelled"] > before["jobs_cancelled"])
    wait_until(lambda: open_jobs(name) == 0)


@pytest.fixture(scope="package")
def cluster():
    """A private local cluster with four logical GPUs; its HTTP address."""
    set_ray_defaults()
    # The environment of a test is cleaned later than this fixture is set up.
    choose_proxy(Settings(host="127.0.0.1", proxy=os.environ.get("ECHO_PROXY", "auto")))
    os.environ["RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S"] = "0.1"  # nobody asks any more
    os.environ["RAY_AUTH_MODE"] = "disabled"  # the cluster is on loopback and lives for this run
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_metrics_report_interval_ms"] = str(REPORT_MS)  # noqa: SIM112 - Ray's own spelling
    port = free_port()
    with private_temp_dir() as temp_dir:
        with agent_on_a_free_port():
            ray.init(
                address="local",
                num_cpus=16,
                num_gpus=4,
                object_store_memory=256 * 2**20,
                include_dashboard=False,
                _temp_dir=temp_dir,
            )
        serve.start(http_options={"host": "127.0.0.1", "port": port})
        yield f"http://127.0.0.1:{port}"
        serve.shutdown()
        ray.shutdown()


@pytest.fixture(scope="package")
def deploy(cluster, tmp_path_factory):
    """Return `deploy(name, **settings)`: the graph under `/name`; its URL and ingress handle.

    It speaks with echo-mini, in few steps, unless told otherwise.
    """
    weights = tmp_path_factory.mktemp("few_steps")
    write_mini_of_few_steps(weights)

    def deploy(name, **settings):
        settings = {"device": "cpu", "weights_dir": str(weights), **settings}
        handle = serve.run(
            build_app(Settings(**settings)), name=name, route_prefix=f"/{name}", blocking=False
        )
        url = f"{cluster}/{name}"
        # HAProxy learns of a graph a moment after Serve says that it runs.
        wait_until(lambda: get(f"{url}/ping").status_code == 200, timeout_s=120)
        return url, handle

    return deploy


@pytest.fixture(scope="package")
def graph_voices(tmp_path_factory):
    """The voices folder of `graph`, with the sample voices in it."""
    folder = tmp_path_factory.mktemp("graph") / "voices"
    shutil.copytree(ROOT / "voices", folder)
    return folder


@pytest.fixture(scope="package")
def graph(deploy, graph_voices):
    """The graph as it is without a GPU: its URL."""
    url, _ = deploy("graph", voices_dir=str(graph_voices))
    return url


@pytest.fixture(scope="package")
def narrow(deploy, graph_voices):
    """The URL of a graph called `narrow`, which takes one request and one connection, with `KEY`.

    There is no end to what it speaks.
    """
    url, _ = deploy(
        "narrow",
        voices_dir=str(graph_voices),
        max_requests=1,
        max_connections=1,
        max_text_chars=len(ENDLESS),
        max_audio_s=100 * 3600,
        idle_s=2,
        api_keys=(KEY,),
    )
    return url


@pytest.fixture(scope="package")
def pair(deploy, graph_voices):
    """The URL and the ingress of a graph called `pair`, which has two samplers."""
    return deploy("pair", voices_dir=str(graph_voices), sampler_replicas=2)
