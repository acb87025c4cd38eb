"""The time that a device and its host take, and the table that it goes into."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch


@dataclass(frozen=True)
class Times:
    """Milliseconds of one call.

    Attributes:
        alone: From the call to its end on the device, the median.
        host: Until the host may go on.
        pipelined: With the next call issued meanwhile: what many in a row cost each.
    """

    alone: float
    host: float
    pipelined: float


@dataclass
class Report:
    """A device and what was measured on it."""

    device: torch.device
    repeats: int = 5
    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def wait(self) -> None:
        """Wait for the device."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def alone(self, action: Callable[[], object], repeats: int | None = None) -> float:
        """Return the median milliseconds of `action`, its end on the device included.

        It runs as often as `repeats` says, but no more often than anything else.
        """
        times = []
        for _ in range(min(repeats or self.repeats, self.repeats)):
            self.wait()
            started = time.perf_counter()
            action()
            self.wait()
            times.append((time.perf_counter() - started) * 1e3)
        return statistics.median(times)

    def time(self, action: Callable[[], object]) -> Times:
        """Return the times of `action`, which has run once before."""
        action()
        alone = self.alone(action)
        self.wait()
        started = time.perf_counter()
        for _ in range(self.repeats):
            action()
        issued = time.perf_counter()
        self.wait()
        ended = time.perf_counter()
        per_call = 1e3 / self.repeats
        return Times(alone, (issued - started) * per_call, (ended - started) * per_call)

    def row(self, name: str, value: float, note: str = "") -> None:
        """Print one line and keep it."""
        self.rows.append((name, f"{value:.3g}", note))
        print(f"{name:56}{value:>12.3g}  {note}", flush=True)

    def times(self, name: str, action: Callable[[], object], note: str = "") -> Times:
        """Measure `action` and print what it takes."""
        times = self.time(action)
        host = f"host {times.host:.2f}, pipelined {times.pipelined:.2f}"
        self.row(f"{name}, ms", times.alone, "; ".join(filter(None, [host, note])))
        return times
