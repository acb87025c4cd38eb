"""Logging of our packages into Ray Serve's replica log, in its format."""

from __future__ import annotations

import logging

from deployments.telemetry.replica import in_replica
from speech.errors import InternalError, error_behind

PACKAGES = ("deployments", "engine", "speech")
SHOWN = ("deployments.telemetry.request_log", "engine.echo.checkpoints")
"""Loggers whose progress comes to the terminal: of requests, and of what takes long at start."""


def is_shown(record: logging.LogRecord) -> bool:
    """Tell whether a record is for the terminal as well as for the log's file; a filter."""
    return record.levelno >= logging.WARNING or record.name.startswith(SHOWN)


def without_traceback_of_refusal(record: logging.LogRecord) -> bool:
    """Tell whether to keep a record; a logging filter.

    Serve logs each error that leaves a replica with its traceback. One that a caller is told of is
    in the ingress's line of the request: the caller's own mistakes are not said again, others in
    one line.
    """
    error = error_behind(record.exc_info[1] if record.exc_info else None)
    if error is None or isinstance(error, InternalError):
        return True
    record.msg, record.args, record.exc_info = f"{record.getMessage()} {error.message}", (), None
    return error.http_status >= 500


def log_with_serve() -> None:
    """Send our packages' records from INFO up to Serve's handlers; do nothing outside a replica.

    The file takes all of them; the terminal, to which Ray brings what a replica prints, some.
    """
    if not in_replica():
        return
    serves = logging.getLogger("ray.serve")
    serves.addFilter(without_traceback_of_refusal)
    handlers = serves.handlers
    for handler in handlers:
        if type(handler) is logging.StreamHandler:
            handler.addFilter(is_shown)
    for package in PACKAGES:
        logger = logging.getLogger(package)
        logger.setLevel(logging.INFO)
        logger.handlers = list(handlers)
        logger.propagate = False
