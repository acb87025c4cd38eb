"""Hands our numbers to Ray, which exports them to Prometheus.

Requests are recorded as they end; what a `stats()` tells is read every second.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from ray.serve import get_replica_context
from ray.serve import metrics as ray_metrics
from ray.serve.exceptions import RayServeException

from deployments.telemetry import metrics
from deployments.telemetry.metrics import Metric, Reading
from deployments.telemetry.outcome import Outcome

logger = logging.getLogger(__name__)

EXPORT_S = 1.0
"""Between two readings of a `stats()`. Ray drops a gauge that is not set again for two of its
report intervals, each at least a second long."""


class RequestMetrics:
    """Counts and times requests, in one ingress replica."""

    def __init__(self) -> None:
        self._requests = _instrument(metrics.REQUESTS)
        self._request_s = _instrument(metrics.REQUEST_SECONDS)
        self._stage_s = _instrument(metrics.STAGE_SECONDS)
        self._first_audio_s = _instrument(metrics.FIRST_AUDIO_SECONDS)
        self._real_time_factor = _instrument(metrics.REAL_TIME_FACTOR)
        self._audio_s = _instrument(metrics.AUDIO_SECONDS)
        self._text_chars = _instrument(metrics.TEXT_CHARACTERS)

    def record(self, outcome: Outcome) -> None:
        """Take in a request that ended."""
        door = {"door": outcome.door}
        self._requests.inc(1, {**door, "outcome": outcome.result})
        if outcome.engine:  # it has spoken
            self._text_chars.inc(outcome.num_chars, door)
        if outcome.num_samples:
            self._audio_s.inc(outcome.duration_s, door)
        if outcome.streamed and outcome.first_audio_s is not None:
            self._first_audio_s.observe(outcome.first_audio_s, door)
        if outcome.result != "completed":  # its times would say how soon it failed
            return
        stages = dict(vars(outcome.timings))
        self._request_s.observe(stages.pop("total"), door)
        for stage, seconds in stages.items():
            self._stage_s.observe(seconds, {"stage": stage})
        if outcome.real_time_factor is not None:
            self._real_time_factor.observe(outcome.real_time_factor)


class StatsExporter:
    """Exports what a `stats()` returns: running totals as their increase, the rest as it is.

    Args:
        stats: May be called from any thread.
        readings: Where each value goes; a value without a reading is not exported.
        labels: Of all values, beside those of each reading.
    """

    def __init__(
        self,
        stats: Callable[[], Mapping[str, float]],
        readings: Mapping[str, Reading],
        labels: Mapping[str, str] | None = None,
    ) -> None:
        self._stats, self._readings, self._labels = stats, readings, dict(labels or {})
        self._instruments = {
            metric.name: _instrument(metric)
            for metric in (reading.metric for reading in readings.values())
        }
        self._exported = dict.fromkeys(readings, 0.0)

    def export(self) -> None:
        """Read and export once."""
        for name, value in self._stats().items():
            if name not in self._readings:
                continue
            reading = self._readings[name]
            instrument = self._instruments[reading.metric.name]
            labels = {**self._labels, **reading.labels}
            if reading.metric.kind == "gauge":
                instrument.set(value, labels)
            elif value > self._exported[name]:
                instrument.inc(value - self._exported[name], labels)
                self._exported[name] = value

    def start(self) -> None:
        """Export every EXPORT_S for the life of this process; do nothing outside a replica.

        On a thread of its own, as an event loop may be busy for longer.
        """
        try:
            get_replica_context()
        except RayServeException:
            return
        threading.Thread(target=self._run, name="export-stats", daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                self.export()
            except Exception:  # the next reading may succeed, and nobody would start another thread
                logger.exception("statistics could not be exported")
            time.sleep(EXPORT_S)


def _instrument(metric: Metric) -> Any:
    """Return Ray's object for `metric`; Ray Serve's tags are those of the replica it is made in."""
    labels: Any = metric.labels  # Ray's annotation allows for one
    if metric.kind == "counter":
        return ray_metrics.Counter(metric.name, metric.description, labels)
    if metric.kind == "gauge":
        return ray_metrics.Gauge(metric.name, metric.description, labels)
    return ray_metrics.Histogram(metric.name, metric.description, list(metric.buckets), labels)
