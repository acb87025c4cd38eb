"""The start of Ray and Serve where something is wrong; the rest is in tests/server."""

import socket

import pytest
from ray.exceptions import RayActorError

from serve_app.boot import StartFailed, start_ray
from serve_app.settings import Settings
from tests.graph.conftest import free_port


@pytest.mark.parametrize(("setting", "http"), [("metrics_port", False), ("port", True)])
def test_taken_port_is_named_before_ray_starts(setting, http):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StartFailed, match=f"{setting} {port} is taken: choose another"):
            start_ray(Settings(**{setting: port}), http=http)


def test_address_of_another_machine_is_named_before_ray_starts():
    with pytest.raises(StartFailed, match=r"port 8000 on 203\.0\.113\.1: Cannot assign"):
        start_ray(Settings(host="203.0.113.1", port=8000), http=True)


@pytest.mark.parametrize(("failures", "comes_up"), [(1, True), (2, False)])
def test_serve_that_does_not_come_up_is_started_once_more(monkeypatch, caplog, failures, comes_up):
    """When Serve's proxy dies cannot be timed from outside: here it is Serve's start that fails."""
    outcomes = iter([RayActorError(error_msg="The proxy died")] * failures + [None])

    def start(**_):
        if (error := next(outcomes)) is not None:
            raise error

    monkeypatch.setattr("serve_app.boot.serve.start", start)
    monkeypatch.setattr("serve_app.boot._start_node", lambda _: None)
    if comes_up:
        start_ray(Settings(port=free_port()), http=True)
    else:
        with pytest.raises(StartFailed, match="Ray Serve did not start: The proxy died"):
            start_ray(Settings(port=free_port()), http=True)
    assert "Ray Serve did not start, trying once more: The proxy died" in caplog.text
