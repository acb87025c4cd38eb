"""Admission: how many requests run and wait at a time in one ingress replica."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from speech.errors import Overloaded


class Admission:
    """A fixed number of places for requests; one more is refused at once."""

    def __init__(self, max_requests: int) -> None:
        self._max_requests = max_requests
        self._num_requests = 0

    @contextmanager
    def admit(self) -> Iterator[None]:
        """Hold a place.

        Raises:
            Overloaded: All are taken.
        """
        if self._num_requests >= self._max_requests:
            raise Overloaded
        self._num_requests += 1
        try:
            yield
        finally:
            self._num_requests -= 1

    def stats(self) -> dict[str, float]:
        """Return the number of requests that are `open` and the most there may be, `max`."""
        return {"open": self._num_requests, "max": self._max_requests}
