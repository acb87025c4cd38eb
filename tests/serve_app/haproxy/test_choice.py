import logging
import os
import resource
import stat
from pathlib import Path

import pytest
from ray.serve._private.utils import call_function_from_import_path

from serve_app.haproxy import choice
from serve_app.haproxy.choice import choose_proxy, haproxy_binary, listens
from serve_app.settings import Settings
from serve_app.wrong_settings import WrongSetting

AUTO = Settings(proxy="auto", host="0.0.0.0")
SWITCH = "RAY_SERVE_ENABLE_HA_PROXY"
OF_ITS_OWN = ("SOCKET_PATH", "BINARY_PATH", "_LOC", "_FILE", "_HTTP_PORT")
needs_haproxy = pytest.mark.skipif(haproxy_binary() is None, reason="no HAProxy here")


@pytest.fixture(autouse=True)
def environ(monkeypatch):
    """The environment that is changed: a copy."""
    monkeypatch.setattr(os, "environ", {"PATH": os.environ["PATH"]})
    return os.environ


@needs_haproxy
def test_haproxy_is_chosen_where_there_is_one(environ):
    choose_proxy(AUTO)
    assert environ[SWITCH] == "1"
    program = Path(environ["RAY_SERVE_HAPROXY_BINARY_PATH"])
    assert stat.S_IMODE(program.parent.stat().st_mode) == 0o700
    assert listens(AUTO) == "127.0.0.1"


@needs_haproxy
def test_nobody_is_advised_to_open_the_replicas_to_others(environ, caplog):
    choose_proxy(AUTO)
    logger = logging.getLogger("ray.serve")
    filters = list(logger.filters)
    try:
        call_function_from_import_path(environ["RAY_SERVE_CONTROLLER_CALLBACK_IMPORT_PATH"])
        logger.warning("HTTPOptions.host='127.0.0.1' won't accept connections from HAProxy on …")
        logger.warning("Another warning")
    finally:
        logger.filters[:] = filters
    assert caplog.messages == ["Another warning"]


@needs_haproxy
@pytest.mark.parametrize("port", ["x", "0", "65536"])
def test_port_that_is_none_is_a_wrong_setting(environ, port):
    environ["RAY_SERVE_HAPROXY_STATS_PORT"] = port
    told = f"RAY_SERVE_HAPROXY_STATS_PORT={port}: must be a whole number from 1 to 65535"
    with pytest.raises(WrongSetting, match=told):
        choose_proxy(AUTO)


@needs_haproxy
def test_two_servers_share_no_file_and_no_port(environ):
    choose_proxy(AUTO)
    first = dict(environ)
    choose_proxy(AUTO)
    own = [name for name in environ if name.endswith(OF_ITS_OWN)]
    assert len(own) == 6
    assert all(environ[name] != first[name] for name in own)


@needs_haproxy
def test_connections_outlive_a_change_of_replicas_for_a_whole_request(environ):
    choose_proxy(Settings(proxy="auto", deadline_s=7200))
    assert int(environ["RAY_SERVE_HAPROXY_HARD_STOP_AFTER_S"]) > 7200


@needs_haproxy
def test_full_disk_leaves_haproxy_out_unless_it_is_asked_for(environ):
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, limit[1]))  # Python ignores SIGXFSZ
    try:
        choose_proxy(AUTO)
        with pytest.raises(WrongSetting, match="HAProxy needs a folder in /tmp: File too large"):
            choose_proxy(Settings(proxy="haproxy"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert environ[SWITCH] == "0"
    assert listens(AUTO) == "0.0.0.0"


def test_uvicorn_is_used_where_there_is_no_haproxy(environ, monkeypatch):
    monkeypatch.setattr(choice, "haproxy_binary", lambda: None)
    choose_proxy(AUTO)
    assert environ[SWITCH] == "0"
    assert listens(AUTO) == "0.0.0.0"


def test_haproxy_that_is_asked_for_must_be_there(monkeypatch):
    monkeypatch.setattr(choice, "haproxy_binary", lambda: None)
    with pytest.raises(WrongSetting, match="no HAProxy here"):
        choose_proxy(Settings(proxy="haproxy"))


def test_uvicorn_can_be_asked_for(environ):
    environ[SWITCH] = "1"
    choose_proxy(Settings(proxy="uvicorn"))
    assert environ[SWITCH] == "0"


def test_worker_without_http_has_no_proxy(environ):
    choose_proxy(AUTO, http=False)
    assert environ[SWITCH] == "0"


def test_joined_cluster_keeps_its_own_proxy(environ):
    environ["RAY_ADDRESS"] = "10.0.0.1:6379"
    choose_proxy(AUTO)
    assert SWITCH not in environ
    assert listens(AUTO) == "0.0.0.0"
