import pytest

from serve_app.commands import serve
from serve_app.environment import ONLY_LOOPBACK
from serve_app.exposure import is_loopback, ray_exposure


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost", "LOCALHOST"])
def test_loopback_is_told(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.org", ""])
def test_other_hosts_are_no_loopback(host):
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("arguments", "environment", "listed"),
    [
        ([], {}, True),
        ([], {"HOST": "0.0.0.0"}, False),
        (["host=0.0.0.0"], {}, False),
        (["host=0.0.0.0", "list_voices=true"], {}, True),
        (["list_voices=false"], {}, False),
        ([], {"ECHO_LIST_VOICES": "0"}, False),
    ],
)
def test_serve_lists_voices_on_loopback_unless_told(monkeypatch, arguments, environment, listed):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    served = []
    monkeypatch.setattr(serve, "serve_here", lambda settings: served.append(settings) or 0)
    assert serve.main(arguments) == 0
    assert served[0].list_voices is listed


def test_server_says_what_running_without_a_token_opens():
    assert ray_exposure({}) == ray_exposure({"RAY_AUTH_MODE": "token"}) == []
    [everywhere] = ray_exposure({"RAY_AUTH_MODE": "disabled"})
    [loopback] = ray_exposure({"RAY_AUTH_MODE": "disabled", **ONLY_LOOPBACK})
    assert "can run code" in everywhere
    assert "Ray's ports are open to its network" in everywhere
    assert "each Serve replica opens one port to its network" in loopback
