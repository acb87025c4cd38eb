"""The progress of a book being spoken: a bar on a terminal, a line per request elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Self

from tqdm import tqdm

_BAR = "{percentage:3.0f}%|{bar}| {desc} [{elapsed}, {remaining} left]"


class Progress:
    """Tells how many requests of how many are spoken, and the time left.

    Args:
        num_requests: All of them.
        num_chars: The characters of all of them, by which time is estimated.
        done_chars: The characters of those spoken by an earlier run.
        is_quiet: Whether nothing is told.
    """

    def __init__(
        self, num_requests: int, num_chars: int, done_chars: int, *, is_quiet: bool
    ) -> None:
        self._num_requests = num_requests
        self._has_bar = not is_quiet and sys.stderr.isatty()
        self._has_lines = not is_quiet and not self._has_bar
        self._started = time.monotonic()
        self._bar = tqdm(
            total=num_chars,
            initial=done_chars,
            bar_format=_BAR,
            disable=not self._has_bar,
            leave=False,
        )
        self._left_chars = num_chars - done_chars
        self._spoken_chars = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def begin(self, number: int) -> None:
        """Say that request `number`, counted from 1, is being spoken."""
        self._bar.set_description_str(f"request {number} of {self._num_requests}")

    def spoken(self, number: int, num_chars: int) -> None:
        """Say that request `number` is spoken."""
        self._bar.update(num_chars)
        self._left_chars -= num_chars
        self._spoken_chars += num_chars
        if self._has_lines:
            elapsed_s = time.monotonic() - self._started
            left = tqdm.format_interval(elapsed_s / self._spoken_chars * self._left_chars)
            self._bar.write(
                f"request {number} of {self._num_requests} spoken, {left} left", file=sys.stderr
            )

    def waits(self, reason: str, seconds: float) -> None:
        """Say that a request is repeated after a while, and why."""
        if self._has_bar or self._has_lines:
            self._bar.write(f"{reason}: trying again in {seconds:.0f} s", file=sys.stderr)
