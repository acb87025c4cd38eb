"""The test for code that behaves differently inside a Ray Serve replica."""

from __future__ import annotations

from ray.serve import get_replica_context
from ray.serve.exceptions import RayServeException


def in_replica() -> bool:
    """Tell whether this code runs in a replica rather than in a test or a driver."""
    try:
        get_replica_context()
    except RayServeException:
        return False
    return True
