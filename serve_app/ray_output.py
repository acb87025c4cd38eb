"""The terminal of a program that starts Ray: warnings and our own lines, not Ray's progress."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from ray.serve.schema import LoggingConfig

SERVE_LOG = LoggingConfig(log_level="WARNING")
"""The logging of Serve's controller and proxies, whose lines all come to the terminal, too."""


def warnings_only() -> None:
    """Keep the progress that Ray and Serve log in this process off the terminal."""
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    # It warns of the token, and advises to do without.
    logging.getLogger("ray._private.authentication").setLevel(logging.ERROR)


@contextmanager
def without_rays_prints() -> Iterator[None]:
    """Drop what is printed inside: as Serve stops, Ray prints each call that it would repeat."""
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        yield
