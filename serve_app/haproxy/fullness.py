"""The question to HAProxy whether it has room: one that is full takes no probe on its port."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path

from serve_app.haproxy.choice import ADMIN_SOCKET, is_haproxy_in_front

_ANSWER_S = 2.0
"""The longest time in which a HAProxy that runs answers on its own socket."""


def is_full() -> bool:
    """Tell whether HAProxy is in front, runs, and has taken all the connections that it may."""
    if not is_haproxy_in_front():
        return False
    path = Path(os.environ[ADMIN_SOCKET])
    # Ray gives each node a folder of its own.
    return any(_is_full(each) for each in path.parent.rglob(path.name))


def _is_full(path: Path) -> bool:
    """Ask the HAProxy whose socket is at `path`; it answers there however full it is."""
    answer = b""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as admin:
        admin.settimeout(_ANSWER_S)
        admin.connect(str(path))
        admin.sendall(b"show info\n")
        while part := admin.recv(2**16):
            answer += part
    facts = dict(line.split(": ", 1) for line in answer.decode().splitlines() if ": " in line)
    return int(facts.get("CurrConns", 0)) >= int(facts.get("Maxconn", 1))
