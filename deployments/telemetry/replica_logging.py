"""Logging of our packages into Ray Serve's replica log, in its format."""

from __future__ import annotations

import logging

from deployments.telemetry.replica import in_replica

PACKAGES = ("deployments", "engine", "speech")


def log_with_serve() -> None:
    """Send our packages' records from INFO up to Serve's handlers; do nothing outside a replica."""
    if not in_replica():
        return
    handlers = logging.getLogger("ray.serve").handlers
    for package in PACKAGES:
        logger = logging.getLogger(package)
        logger.setLevel(logging.INFO)
        logger.handlers = list(handlers)
        logger.propagate = False
