"""The export of our numbers through Ray to Prometheus; a `stats()` is read every second."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from ray.serve import metrics as ray_metrics

from deployments.telemetry.metrics import Metric, Reading
from deployments.telemetry.replica import in_replica

logger = logging.getLogger(__name__)

EXPORT_S = 1.0
"""Seconds between two readings of a `stats()`. Ray drops a gauge that is not set again within two
of its report intervals, each at least a second long."""
NEXT_TO_NOTHING = sys.float_info.min
"""What a counter begins with, as Ray takes no zero; the first increment swallows it."""


class StatsExporter:
    """Exports what a `stats()` returns: running totals as increments, other values unchanged.

    Args:
        stats: Returns the values by name; callable from any thread.
        readings: The metric of each value; a value without one is not exported.
        labels: Labels of all values, in addition to those of each reading.
    """

    def __init__(
        self,
        stats: Callable[[], Mapping[str, float]],
        readings: Mapping[str, Reading],
        labels: Mapping[str, str] | None = None,
    ) -> None:
        self._stats, self._readings, self._labels = stats, readings, dict(labels or {})
        self._instruments = {
            metric.name: create_instrument(metric)
            for metric in (reading.metric for reading in readings.values())
        }
        self._exported = dict.fromkeys(readings, 0.0)
        for reading in readings.values():
            if reading.metric.kind == "counter":
                begin(self._instruments[reading.metric.name], self._labels_of(reading))

    def export(self) -> None:
        """Read and export once."""
        for name, value in self._stats().items():
            if name not in self._readings:
                continue
            reading = self._readings[name]
            instrument = self._instruments[reading.metric.name]
            labels = self._labels_of(reading)
            if reading.metric.kind == "gauge":
                instrument.set(value, labels)
            elif value > self._exported[name]:
                instrument.inc(value - self._exported[name], labels)
                self._exported[name] = value

    def _labels_of(self, reading: Reading) -> dict[str, str]:
        return {**self._labels, **reading.labels}

    def start(self) -> None:
        """Export every EXPORT_S for the life of this process; do nothing outside a replica.

        Runs on a thread of its own, because an event loop may be busy for longer.
        """
        if in_replica():
            threading.Thread(target=self._run, name="export-stats", daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                self.export()
            except Exception:  # the next reading may succeed
                logger.exception("statistics could not be exported")
            time.sleep(EXPORT_S)


def begin(counter: Any, labels: Mapping[str, str]) -> None:
    """Let Prometheus know a counter before its first increment.

    From the first value that it sees there is no rate: a single error would be in no graph.
    """
    counter.inc(NEXT_TO_NOTHING, dict(labels))


def create_instrument(metric: Metric) -> Any:
    """Return Ray's object for `metric`; Ray Serve adds the tags of the replica that calls this."""
    labels: Any = metric.labels  # Ray's annotation allows for one
    if metric.kind == "counter":
        return ray_metrics.Counter(metric.name, metric.description, labels)
    if metric.kind == "gauge":
        return ray_metrics.Gauge(metric.name, metric.description, labels)
    return ray_metrics.Histogram(metric.name, metric.description, list(metric.buckets), labels)
