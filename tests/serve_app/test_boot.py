"""The start of Ray and Serve where something is wrong; the rest is in tests/server."""

import signal
import socket
import sys
import threading
from functools import partial

import pytest
from ray.exceptions import RayActorError
from ray.serve.schema import ProxyStatus, ServeStatus

import serve_app.graph
from serve_app.boot import _require_room, run_graph, start_ray
from serve_app.graph import resources_needed
from serve_app.ray_node import StartFailed, start_node
from serve_app.settings import Settings
from tests.graph.conftest import free_port, wait_until


@pytest.mark.parametrize(("setting", "http"), [("metrics_port", False), ("port", True)])
def test_taken_port_is_named_before_ray_starts(setting, http):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            StartFailed, match=f"{setting} {port} is taken: choose another with {setting}="
        ):
            start_ray(Settings(**{setting: port}), http=http)


def test_one_port_cannot_be_two():
    port = free_port()
    with pytest.raises(StartFailed, match=f"metrics_port and port are both {port}: choose"):
        start_ray(Settings(metrics_port=port, port=port), http=True)


def test_address_of_another_machine_is_named_before_ray_starts():
    with pytest.raises(StartFailed, match=r"port 8000 on 203\.0\.113\.1: Cannot assign"):
        start_ray(Settings(host="203.0.113.1", port=8000), http=True)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"sampler_cpus": 4}, "needs 4.5 CPUs, and Ray counts 2 here: lower sampler_cpus"),
        ({"sampler_gpus": 1, "sampler_cpus": 1}, "needs 2.5 CPUs, and Ray counts 2 here"),
        ({"sampler_gpus": 3}, "needs 3 GPUs, and Ray counts 2 here: lower sampler_gpus"),
        ({"sampler_gpus": 0.6, "sampler_replicas": 3}, "needs 3 GPUs, and Ray counts 2 here"),
    ],
)
def test_graph_that_has_no_room_here_is_not_waited_for(monkeypatch, settings, told):
    """Ray itself would take seconds to start, and Serve would wait for another node for ever."""
    monkeypatch.setattr("serve_app.boot.ray.cluster_resources", lambda: {"CPU": 2.0, "GPU": 2.0})
    with pytest.raises(StartFailed, match=told):
        run_graph(Settings(**{"sampler_gpus": 0, **settings}), http=False)


def test_graph_that_just_fits_has_room(monkeypatch):
    monkeypatch.setattr("serve_app.boot.ray.cluster_resources", lambda: {"CPU": 1.0})
    settings = Settings(sampler_gpus=0, sampler_cpus=0.1, ingress_replicas=3)
    assert resources_needed(settings, 0)["CPU"] > 1  # 0.2 + 0.2 + 0.2 + 0.3 + 0.1, as floats are
    _require_room(settings)


@pytest.mark.parametrize(("share", "num_samplers"), [(0.5, 4), (0.4, 3), (1 / 3, 6), (1, 2)])
def test_samplers_that_share_gpus_have_room(monkeypatch, share, num_samplers):
    monkeypatch.setattr("serve_app.boot.ray.cluster_resources", lambda: {"CPU": 4.0, "GPU": 2.0})
    _require_room(Settings(sampler_gpus=share, sampler_replicas=num_samplers))


def test_cluster_that_is_joined_may_grow(monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:6379")
    monkeypatch.setattr("serve_app.boot.ray.cluster_resources", dict)
    _require_room(Settings(sampler_replicas=100))


@pytest.mark.parametrize(("failures", "comes_up"), [(1, True), (2, False)])
def test_serve_that_does_not_come_up_is_started_once_more(monkeypatch, caplog, failures, comes_up):
    """When Serve's proxy dies cannot be timed from outside: here it is Serve's start that fails."""
    outcomes = iter([RayActorError(error_msg="The proxy died")] * failures + [None])

    def start(**_):
        if (error := next(outcomes)) is not None:
            raise error

    monkeypatch.setattr("serve_app.boot.serve.start", start)
    monkeypatch.setattr("serve_app.boot.start_node", lambda _: None)
    if comes_up:
        start_ray(Settings(port=free_port()), http=True)
    else:
        with pytest.raises(StartFailed, match="Ray Serve did not start: The proxy died"):
            start_ray(Settings(port=free_port()), http=True)
    assert "Ray Serve did not start, trying once more: The proxy died" in caplog.text


def test_graph_is_deployed_while_the_proxies_of_serve_start(monkeypatch):
    """How long they take cannot be set from outside: here it is Serve's start that waits."""
    ready = threading.Event()
    proxies = {"node": ProxyStatus.STARTING}
    monkeypatch.setattr("serve_app.boot.serve.start", lambda **_: ready.wait(60))
    monkeypatch.setattr("serve_app.boot.serve.status", lambda: ServeStatus(proxies=proxies))
    monkeypatch.setattr("serve_app.boot.start_node", lambda _: None)
    start_ray(Settings(port=free_port()), http=True)
    assert not ready.is_set()
    ready.set()


def test_controller_that_dies_while_it_is_asked_is_started_once_more(monkeypatch):
    """When it dies cannot be timed from outside: here what Serve is asked fails, then its start."""
    asked = threading.Event()
    died = RayActorError(error_msg="The controller died")
    outcomes = iter([died, None])

    def start(**_):
        if (error := next(outcomes)) is not None:
            asked.wait(60)
            raise error

    def status():
        asked.set()
        raise died

    monkeypatch.setattr("serve_app.boot.serve.start", start)
    monkeypatch.setattr("serve_app.boot.serve.status", status)
    monkeypatch.setattr("serve_app.boot.start_node", lambda _: None)
    start_ray(Settings(port=free_port()), http=True)
    assert next(outcomes, "none left") == "none left"


def test_sigterm_while_ray_starts_is_our_own(monkeypatch):
    """How long Ray takes cannot be set from outside: here it does no more than with the signal."""

    def init(**_):
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(number))
        signal.raise_signal(signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    monkeypatch.setattr("serve_app.ray_node.ray.init", init)
    try:
        with pytest.raises(KeyboardInterrupt):
            start_node(Settings())
        assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)


def test_graph_that_another_program_deletes_is_not_waited_for(monkeypatch):
    monkeypatch.setattr("serve_app.boot._require_room", lambda _: None)
    monkeypatch.setattr("serve_app.boot.serve.run_many", lambda *_, **__: None)
    monkeypatch.setattr("serve_app.boot.serve.status", ServeStatus)
    with pytest.raises(StartFailed, match="deleted"):
        run_graph(Settings(), http=False)


def test_graph_is_imported_while_ray_starts(monkeypatch):
    monkeypatch.setattr(serve_app, "graph", serve_app.graph)  # and back, as in the next line
    monkeypatch.delitem(sys.modules, "serve_app.graph")
    imported = partial(wait_until, lambda: "serve_app.graph" in sys.modules)
    monkeypatch.setattr("serve_app.boot.start_node", lambda _: imported())
    monkeypatch.setattr("serve_app.boot._start_serve", lambda *_, **__: None)
    start_ray(Settings(port=free_port()), http=True)
