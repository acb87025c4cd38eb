"""The application: `serve run serve_app:app`, or `serve run serve_app:build_app key=value …`.

Both names are looked up on demand, so that importing settings alone does not import Ray.
"""

from __future__ import annotations

import os
from typing import Any

# From the HTTP proxy to the ingress by plain gRPC: half the time of Ray's own calls (see decision
# 0004). Ray Serve's processes read this when they start, hence here, which comes before they do;
# on a cluster, cluster.yaml sets both for every node.
os.environ.setdefault("RAY_SERVE_PROXY_USE_GRPC", "1")
os.environ.setdefault("RAY_SERVE_REPLICA_GRPC_MAX_MESSAGE_LENGTH", str(2**31 - 1))

__all__ = ["app", "build_app"]


def __getattr__(name: str) -> Any:
    if name == "build_app":
        from serve_app.graph import build_app

        return build_app
    if name == "app":
        from serve_app.graph import build_app
        from serve_app.settings import Settings

        return build_app(Settings())
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
