"""The reach of a server's ports, and of Ray's."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from serve_app.environment import ONLY_LOOPBACK


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches what listens on `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def ray_exposure(environ: Mapping[str, str]) -> list[str]:
    """Return a line for each thing that opens Ray's own ports further than its token does."""
    if environ.get("RAY_AUTH_MODE", "token") == "token":
        return []
    network = "Ray's ports are open to its network"
    if ONLY_LOOPBACK.items() <= environ.items():
        network = "each Serve replica opens one port to its network, the others are on loopback"
    return [
        "RAY_AUTH_MODE is not 'token': who reaches Ray's ports on this machine, by network or from "
        f"another account, can run code as this server; {network}"
    ]
