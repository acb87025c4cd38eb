"""Every metric with its name, meaning, labels and buckets. Ray exports each as `ray_<name>`.

Labels have few values: never a voice, a request or a client. Ray adds `deployment`, `replica` and
`application`. The page docs/observability.md lists every metric; the Grafana dashboard shows every
one, which a test checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

_STAGE_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
_REQUEST_S = (0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 5, 8, 13, 20, 30, 60, 120, 300, 600)
_FIRST_AUDIO_S = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60)
_FACTOR = (0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 5, 10)


@dataclass(frozen=True)
class Metric:
    """One metric under the name that Prometheus knows, less Ray's prefix.

    Attributes:
        kind: A counter only grows and its name ends in `_total`.
        labels: Names of the labels, in addition to Ray's.
        buckets: Upper bounds of a histogram's buckets, positive.
    """

    kind: Literal["counter", "gauge", "histogram"]
    name: str
    description: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


# Requests, per ingress replica.
REQUESTS = Metric(
    "counter",
    "echo_requests_total",
    "Requests that ended: `completed`, `cancelled`, or the code of the error.",
    ("source", "outcome"),
)
REQUEST_SECONDS = Metric(
    "histogram",
    "echo_request_seconds",
    "From acceptance to the last packet, of completed requests.",
    ("source",),
    _REQUEST_S,
)
STAGE_SECONDS = Metric(
    "histogram",
    "echo_stage_seconds",
    "Time of a completed request in `queue`, `voice`, `generate` and `encode`.",
    ("stage",),
    _STAGE_S,
)
FIRST_AUDIO_SECONDS = Metric(
    "histogram",
    "echo_time_to_first_audio_seconds",
    "From acceptance to the first packet, of answers that are streamed.",
    ("source",),
    _FIRST_AUDIO_S,
)
REAL_TIME_FACTOR = Metric(
    "histogram",
    "echo_real_time_factor",
    "Seconds of generation per second of audio, of completed requests.",
    buckets=_FACTOR,
)
AUDIO_SECONDS = Metric(
    "counter", "echo_audio_seconds_total", "Audio made for requests.", ("source",)
)
TEXT_CHARACTERS = Metric(
    "counter", "echo_text_characters_total", "Text of requests whose speaking began.", ("source",)
)
JOBS_REDRAWN = Metric(
    "counter",
    "echo_jobs_redrawn_total",
    "Jobs drawn again on another sampler, because theirs was lost.",
    ("source",),
)
FAULTY_TAKES = Metric(
    "counter",
    "echo_faulty_takes_total",
    "Takes that are doubtful: `silent`, `early` (far too short) or `cut` (no end within the pass).",
    ("source", "fault"),
)
REQUESTS_OPEN = Metric("gauge", "echo_requests_open", "Requests running and waiting now.")
MAX_REQUESTS = Metric("gauge", "echo_max_requests", "The most there may be: `max_requests`.")
CONNECTIONS_OPEN = Metric(
    "gauge", "echo_connections_open", "WebSockets open now, whether something is spoken or not."
)
MAX_CONNECTIONS = Metric(
    "gauge", "echo_max_connections", "The most there may be: `max_connections`."
)

# The voice cache, per VoicePrep replica.
VOICE_CACHE_LOOKUPS = Metric(
    "counter", "echo_voice_cache_lookups_total", "Lookups: `hit` or `miss`.", ("result",)
)
VOICE_CACHE_EVICTIONS = Metric(
    "counter", "echo_voice_cache_evictions_total", "Voices dropped to make room."
)
VOICE_DECODES = Metric("counter", "echo_voice_decodes_total", "Voice files decoded.")
VOICE_CACHE_VOICES = Metric("gauge", "echo_voice_cache_voices", "Voices held now.")
VOICE_CACHE_BYTES = Metric("gauge", "echo_voice_cache_bytes", "Reference audio held now.")

# The engine, per sampler replica.
_ENGINE = ("engine", "device")
ENGINE_JOBS = Metric("counter", "echo_engine_jobs_total", "Jobs taken in.", _ENGINE)
ENGINE_JOBS_CANCELLED = Metric(
    "counter", "echo_engine_jobs_cancelled_total", "Jobs given up by their caller.", _ENGINE
)
ENGINE_JOBS_OPEN = Metric(
    "gauge",
    "echo_engine_jobs_open",
    "Jobs now: `active` take turns, `waiting` wait for a place.",
    (*_ENGINE, "state"),
)
ENGINE_AUDIO_SECONDS = Metric(
    "counter", "echo_engine_audio_seconds_total", "Audio made by the engine.", _ENGINE
)
ENGINE_RETAKES = Metric(
    "counter",
    "echo_engine_retakes_total",
    "Takes drawn again for a fault, as `max_retakes` asks.",
    _ENGINE,
)
ENGINE_TICKS = Metric(
    "counter", "echo_engine_ticks_total", "Forward passes of the transformer.", _ENGINE
)
ENGINE_STEPS = Metric(
    "counter",
    "echo_engine_steps_total",
    "Steps of jobs; those of one tick are a batch.",
    _ENGINE,
)
ENGINE_LANE_FRAMES = Metric(
    "counter",
    "echo_engine_lane_frames_total",
    "Frames times guidance lanes of all ticks.",
    _ENGINE,
)
ENGINE_MAX_LANE_FRAMES = Metric(
    "gauge",
    "echo_engine_max_lane_frames",
    "The most one tick should hold: `max_lane_frames_per_tick`.",
    _ENGINE,
)
ENGINE_FUSED_KERNELS = Metric(
    "gauge",
    "echo_engine_fused_kernels",
    "1 where the engine uses its fused kernels, 0 where it computes in plain PyTorch.",
    _ENGINE,
)
ENGINE_LOADED = Metric(
    "gauge",
    "echo_engine_loaded",
    "1 where the model is in memory, 0 where `unload_after_s` has freed it.",
    _ENGINE,
)
SPEAKER_CACHE_LOOKUPS = Metric(
    "counter",
    "echo_speaker_cache_lookups_total",
    "Lookups: `hit` or `miss`.",
    (*_ENGINE, "result"),
)
SPEAKER_CACHE_EVICTIONS = Metric(
    "counter",
    "echo_speaker_cache_evictions_total",
    "Voices dropped to make room, from `host` and `device` memory.",
    (*_ENGINE, "memory"),
)
SPEAKER_CACHE_VOICES = Metric("gauge", "echo_speaker_cache_voices", "Voices held now.", _ENGINE)
SPEAKER_CACHE_BYTES = Metric(
    "gauge",
    "echo_speaker_cache_bytes",
    "Held now, in `host` and `device` memory.",
    (*_ENGINE, "memory"),
)


@dataclass(frozen=True)
class Reading:
    """The metric that takes one value of a `stats()`; a counter takes a running total."""

    metric: Metric
    labels: Mapping[str, str] = field(default_factory=dict)


ADMISSION_STATS: Mapping[str, Reading] = {
    "open": Reading(REQUESTS_OPEN),
    "max": Reading(MAX_REQUESTS),
}
CONNECTION_STATS: Mapping[str, Reading] = {
    "open": Reading(CONNECTIONS_OPEN),
    "max": Reading(MAX_CONNECTIONS),
}
VOICE_CACHE_STATS: Mapping[str, Reading] = {
    "hits": Reading(VOICE_CACHE_LOOKUPS, {"result": "hit"}),
    "misses": Reading(VOICE_CACHE_LOOKUPS, {"result": "miss"}),
    "evictions": Reading(VOICE_CACHE_EVICTIONS),
    "entries": Reading(VOICE_CACHE_VOICES),
    "bytes": Reading(VOICE_CACHE_BYTES),
    "decodes": Reading(VOICE_DECODES),
}
KNOWN_VOICES_STATS: Mapping[str, Reading] = {
    "hits": Reading(VOICE_CACHE_LOOKUPS, {"result": "hit"}),
}
ENGINE_STATS: Mapping[str, Reading] = {
    "jobs": Reading(ENGINE_JOBS),
    "jobs_cancelled": Reading(ENGINE_JOBS_CANCELLED),
    "jobs_active": Reading(ENGINE_JOBS_OPEN, {"state": "active"}),
    "jobs_waiting": Reading(ENGINE_JOBS_OPEN, {"state": "waiting"}),
    "audio_seconds": Reading(ENGINE_AUDIO_SECONDS),
    "retakes": Reading(ENGINE_RETAKES),
    "ticks": Reading(ENGINE_TICKS),
    "steps": Reading(ENGINE_STEPS),
    "lane_frames": Reading(ENGINE_LANE_FRAMES),
    "max_lane_frames": Reading(ENGINE_MAX_LANE_FRAMES),
    "fused_kernels": Reading(ENGINE_FUSED_KERNELS),
    "loaded": Reading(ENGINE_LOADED),
    "speaker_cache_hits": Reading(SPEAKER_CACHE_LOOKUPS, {"result": "hit"}),
    "speaker_cache_misses": Reading(SPEAKER_CACHE_LOOKUPS, {"result": "miss"}),
    "speaker_cache_host_evictions": Reading(SPEAKER_CACHE_EVICTIONS, {"memory": "host"}),
    "speaker_cache_device_evictions": Reading(SPEAKER_CACHE_EVICTIONS, {"memory": "device"}),
    "speaker_cache_voices": Reading(SPEAKER_CACHE_VOICES),
    "speaker_cache_host_bytes": Reading(SPEAKER_CACHE_BYTES, {"memory": "host"}),
    "speaker_cache_device_bytes": Reading(SPEAKER_CACHE_BYTES, {"memory": "device"}),
}
