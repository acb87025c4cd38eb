"""Defaults for the environment variables that Ray Serve is set up by."""

from __future__ import annotations

import os

_DEFAULTS = {
    # What Serve's proxy answers by itself comes in our shape, too.
    "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH": "deployments.http.proxy:middlewares",
    # From the HTTP proxy to the ingress by plain gRPC: half the time of Ray's own calls (see
    # decision 0004). Answers through it can be larger than gRPC's usual 4 MiB.
    "RAY_SERVE_PROXY_USE_GRPC": "1",
    "RAY_SERVE_REPLICA_GRPC_MAX_MESSAGE_LENGTH": str(2**31 - 1),
    # After the third wait for a proxy Serve gives it up; a busy host needs longer than Ray's 5 s.
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "20",
    # After the third check that fails Serve replaces a proxy; Ray's 10 s close the port for half a
    # minute.
    "RAY_SERVE_PROXY_HEALTH_CHECK_PERIOD_S": "2",
    # A log begins anew at this size, and five old ones are kept. Ray's own bound is eight times as
    # large, and what a replica prints it keeps without end.
    "RAY_ROTATION_MAX_BYTES": str(64 * 2**20),
    # When memory runs short, Linux ends one process, the largest that Ray has started. Ray's own
    # monitor is off: it ends all, Serve's controller with them, also for what another program took.
    "RAY_memory_monitor_refresh_ms": "0",
}

ONLY_LOOPBACK = {
    # Ray's switch for machines that are no cluster, in spite of its name: a node that is started
    # there has the address 127.0.0.1. Ray replaces that address where it is passed as the node's.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
}
"""Keeps the ports of a node that is started here from other machines."""


def set_ray_defaults(*, only_loopback: bool = False) -> None:
    """Set what the environment does not say.

    Call before Ray is imported: this process reads the variables then, and the processes of a
    cluster that it starts inherit them. On a cluster, cluster.yaml sets them for every node.

    Args:
        only_loopback: Let a node that is started here listen on loopback only. A cluster that is
            joined listens as it was started.
    """
    defaults = dict(_DEFAULTS)
    if only_loopback and not os.environ.get("RAY_ADDRESS"):
        defaults |= ONLY_LOOPBACK
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
