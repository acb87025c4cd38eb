"""Logging of Ray Serve's controller, which calls this module by its name as it starts."""

from __future__ import annotations

import logging


def without_advice_on_the_host() -> None:
    """Leave out a warning that our HAProxy gives no cause for.

    It is on the same machine as the replicas, which listen on loopback for that reason. Serve
    supposes HAProxies on other nodes, and advises to open the replicas to them.
    """
    logging.getLogger("ray.serve").addFilter(_is_no_advice)


def _is_no_advice(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith("HTTPOptions.host=")
