"""Whether this process is a replica of Ray Serve."""

from __future__ import annotations

from ray.serve import get_replica_context
from ray.serve.exceptions import RayServeException


def in_replica() -> bool:
    """Tell whether this code runs in a replica, and not in a test or a program of ours."""
    try:
        get_replica_context()
    except RayServeException:
        return False
    return True
