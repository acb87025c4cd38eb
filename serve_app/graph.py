"""The deployment graph: the only file that binds deployments."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

import ray
from pydantic import BaseModel
from ray import serve
from ray.serve.schema import LoggingConfig

from deployments.bucket_client import BucketConfig
from deployments.gpu_replicas import count_gpus, num_fitting, num_sharing_a_gpu
from deployments.http.access import Access
from deployments.http.errors import RETRY_AFTER_S
from deployments.ingress import Ingress
from deployments.sampler import Sampler
from deployments.sampler_router import SamplerRouter
from deployments.voice_prep import VoicePrep
from engine import ENGINES
from serve_app.pronunciations import read_pronunciations
from serve_app.settings import Settings
from serve_app.this_machine import has_gpu
from serve_app.wrong_settings import read_settings

HEADROOM = 32
"""Calls that a sampler takes beyond its jobs: health checks."""
INGRESS_HEADROOM = 1024
"""Calls that the ingress takes beyond those it bounds: probes, refusals, jobs that are waited for.

Serve's own queue would treat them all alike, so it must not form: admission is the ingress's.
"""
REPLICA_OPTIONS: dict[str, Any] = {
    # Between a stopping replica's checks for running requests; Ray's default is 2 s a tier.
    "graceful_shutdown_wait_loop_s": 0.1,
    # Between Serve's checks of a replica, by which it finds one that is lost; Ray's default is 10.
    "health_check_period_s": 2.0,
    # The third that is not answered ends a replica that hangs; Ray's 30 s are longer than
    # `outage_s`, after which the whole server ends.
    "health_check_timeout_s": 12.0,
    # Without Serve's progress, and without its access log: that has a line per call between
    # replicas, ours has one per request.
    "logging_config": LoggingConfig(log_level="WARNING", enable_access_log=False),
}
"""The options that all three deployments share."""
INGRESS_CPUS, VOICE_PREP_CPUS = 0.2, 0.3
"""The CPUs that Ray sets aside for one replica."""

FOLLOW_GPUS = {
    "min_replicas": 1,
    "max_replicas": 1024,
    "upscale_delay_s": 0,
    "downscale_delay_s": 0,
}
"""Scaling that follows the cluster within seconds when GPU nodes join or leave."""


def build_app(settings: Settings | Mapping[str, Any]) -> serve.Application:
    """Return the graph: Ingress over VoicePrep and Sampler.

    `serve run serve_app:build_app key=value …` passes settings by name. They are read here and not
    by Ray Serve, which would answer a wrong one with pydantic's own report and a traceback.

    Raises:
        WrongSetting: One passed by name, or one of the environment's, is wrong.
    """
    if not isinstance(settings, Settings):
        settings = read_settings(settings)
    num_gpus = _gpus_per_sampler(settings)
    voice_prep = _voice_prep(settings).bind(
        voices_dir=settings.voices_dir,
        cache_bytes=settings.voice_cache_bytes,
        decode_threads=settings.decode_threads,
        timeout_s=settings.voices_timeout_s,
    )
    sampler = _sampler(settings, num_gpus).bind(
        voice_prep,
        settings.engine,
        _engine_options(settings, num_gpus),
        settings.max_waiting_jobs,
        settings.outage_s,
    )
    return _ingress(settings).bind(
        voice_prep,
        sampler,
        voices_dir=settings.voices_dir,
        engine=settings.engine,
        limits=settings.limits,
        pass_limits=ENGINES[settings.engine].limits,
        access=Access(
            tuple(key.get_secret_value() for key in settings.api_keys), settings.cors_origins
        ),
        bucket=_bucket(settings),
        list_voices=settings.list_voices,
        warnings=settings.warnings(os.environ),
        pronunciations=read_pronunciations(settings.pronunciations_file),
        default_voice=settings.default_voice,
    )


def resources_needed(settings: Settings, gpus_here: float) -> dict[str, float]:
    """Return the CPUs and GPUs without which the graph does not start on a machine.

    Samplers that follow the GPUs are as many as fit on them: Serve waits for all.
    """
    num_gpus = _gpus_per_sampler(settings)
    fitting = num_fitting(gpus_here, num_gpus) if num_gpus else 1
    num_samplers = _scale(settings, num_gpus).get("num_replicas", max(1, fitting))
    num_cpus = (
        settings.ingress_replicas * INGRESS_CPUS
        + settings.voice_prep_replicas * VOICE_PREP_CPUS
        + num_samplers * settings.sampler_cpus
    )
    return {"CPU": num_cpus, "GPU": _gpus_needed(num_samplers, num_gpus)}


def _gpus_needed(num_samplers: int, gpus_per_sampler: float) -> float:
    """Return how many GPUs some samplers need; one that takes a part of a GPU has it on one."""
    if not 0 < gpus_per_sampler < 1:
        return num_samplers * gpus_per_sampler
    return math.ceil(num_samplers / num_sharing_a_gpu(gpus_per_sampler))


def _voice_prep(settings: Settings) -> serve.Deployment:
    return serve.deployment(
        num_replicas=settings.voice_prep_replicas,
        max_ongoing_requests=4 * settings.max_requests,
        ray_actor_options={"num_cpus": VOICE_PREP_CPUS},
        **REPLICA_OPTIONS,
    )(VoicePrep)


def _ingress(settings: Settings) -> serve.Deployment:
    max_calls = (
        settings.max_requests + settings.max_connections + settings.max_bodies + INGRESS_HEADROOM
    )
    return serve.deployment(
        num_replicas=settings.ingress_replicas,
        max_ongoing_requests=max_calls,
        max_queued_requests=max_calls,  # a call counts as queued until its replica is chosen
        backpressure_config={"retry_after_s": RETRY_AFTER_S},  # of the proxy's own refusals
        ray_actor_options={"num_cpus": INGRESS_CPUS},
        graceful_shutdown_timeout_s=settings.drain_s,
        **REPLICA_OPTIONS,
    )(serve.ingress()(Ingress))


def _gpus_per_sampler(settings: Settings) -> float:
    if settings.sampler_gpus != "auto":
        return settings.sampler_gpus
    return 1 if ENGINES[settings.engine].uses_gpu and _has_gpu(settings) else 0


def _has_gpu(settings: Settings) -> bool:
    """Tell whether the cluster, or, where Ray is not up yet, this machine has a GPU to use."""
    if settings.device == "cpu":
        return False
    if ray.is_initialized():
        return count_gpus() > 0
    return has_gpu()


def _engine_options(settings: Settings, num_gpus: float) -> BaseModel:
    """Return the options that the engine is constructed with, `device=auto` decided.

    A GPU that is there and does not work must be an error, not a fall back to the CPU and to its
    checkpoint in silence. And Ray shows all GPUs to a sampler that asked for none. To hide them it
    would need a runtime environment, for which Ray starts Python twice in each replica.
    """
    if settings.device == "auto":
        settings = settings.model_copy(update={"device": "cuda" if num_gpus else "cpu"})
    return settings.engine_options


def _sampler(settings: Settings, num_gpus: float) -> serve.Deployment:
    return serve.deployment(
        **_scale(settings, num_gpus),
        # The queue is the engine's, where jobs are batched: a full replica would idle its GPU.
        max_ongoing_requests=settings.max_waiting_jobs + HEADROOM,
        request_router_config={"request_router_class": SamplerRouter},
        ray_actor_options={"num_cpus": settings.sampler_cpus, "num_gpus": num_gpus},
        graceful_shutdown_timeout_s=settings.drain_s,
        **REPLICA_OPTIONS,
    )(Sampler)


def _scale(settings: Settings, num_gpus: float) -> dict[str, Any]:
    """Return the number of samplers: as configured, else one per GPU they need, else one."""
    if settings.sampler_replicas != "auto":
        return {"num_replicas": settings.sampler_replicas}
    if not num_gpus:
        return {"num_replicas": 1}
    policy = {
        "policy_function": "deployments.gpu_replicas:ReplicasPerGpu",
        "policy_kwargs": {"gpus_per_replica": num_gpus},
    }
    return {"autoscaling_config": {**FOLLOW_GPUS, "policy": policy}}


def _bucket(settings: Settings) -> BucketConfig | None:
    if settings.s3_bucket_name is None:
        return None
    assert settings.s3_access_key_id is not None
    assert settings.s3_secret_access_key is not None
    return BucketConfig(
        endpoint_url=settings.s3_endpoint_url,
        access_key_id=settings.s3_access_key_id,
        secret_access_key=settings.s3_secret_access_key.get_secret_value(),
        bucket=settings.s3_bucket_name,
        region=settings.s3_region,
        fallback_inline=settings.s3_fallback_inline,
    )
