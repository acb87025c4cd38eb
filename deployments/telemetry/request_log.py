"""One log line and one set of metrics for every request that ended, in one ingress replica."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import get_args

from deployments.telemetry import metrics
from deployments.telemetry.export import begin, create_instrument
from deployments.telemetry.request_record import RequestRecord, RequestSource
from engine.protocol import FAULTS
from speech.errors import SpeechError

logger = logging.getLogger(__name__)

SOURCES: tuple[RequestSource, ...] = get_args(RequestSource)
FAILURES = sorted({kind.code for kind in SpeechError.__subclasses__() if kind.http_status >= 500})
"""The outcomes that are no caller's doing."""


class RequestLog:
    """Logs and counts requests; the only place that does either."""

    def __init__(self) -> None:
        self._requests = create_instrument(metrics.REQUESTS)
        self._request_s = create_instrument(metrics.REQUEST_SECONDS)
        self._stage_s = create_instrument(metrics.STAGE_SECONDS)
        self._first_audio_s = create_instrument(metrics.FIRST_AUDIO_SECONDS)
        self._real_time_factor = create_instrument(metrics.REAL_TIME_FACTOR)
        self._audio_s = create_instrument(metrics.AUDIO_SECONDS)
        self._text_chars = create_instrument(metrics.TEXT_CHARACTERS)
        self._faulty_takes = create_instrument(metrics.FAULTY_TAKES)
        self._jobs_redrawn = create_instrument(metrics.JOBS_REDRAWN)
        for name in SOURCES:
            source = {"source": name}
            for counter in (self._audio_s, self._text_chars, self._jobs_redrawn):
                begin(counter, source)
            for outcome in ("completed", "cancelled", *FAILURES):
                begin(self._requests, {**source, "outcome": outcome})
            for fault in FAULTS:
                begin(self._faulty_takes, {**source, "fault": fault})

    def write(self, record: RequestRecord) -> None:
        """Log and count a request that ended."""
        logger.info("request %s %s: %s", record.request_id, record.result, record)
        source = {"source": record.source}
        self._requests.inc(1, {**source, "outcome": record.result})
        if record.engine:  # it has spoken
            self._text_chars.inc(record.num_chars, source)
        if record.num_redraws:
            self._jobs_redrawn.inc(record.num_redraws, source)
        for _, fault in record.faulty_takes:
            self._faulty_takes.inc(1, {**source, "fault": fault})
        if record.num_samples:
            self._audio_s.inc(record.duration_s, source)
        if record.streamed and record.first_audio_s is not None:
            self._first_audio_s.observe(record.first_audio_s, source)
        if record.result == "completed":  # else its times would say how soon it failed
            self._write_times(record, source)

    def _write_times(self, record: RequestRecord, source: Mapping[str, str]) -> None:
        stages = dict(vars(record.timings))
        self._request_s.observe(stages.pop("total"), source)
        for stage, seconds in stages.items():
            self._stage_s.observe(seconds, {"stage": stage})
        if record.real_time_factor is not None:
            self._real_time_factor.observe(record.real_time_factor)
