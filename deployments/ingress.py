"""Ingress: the deployment that HTTP and RunPod enter the graph through."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI
from ray.serve.handle import DeploymentHandle

from deployments.bucket_client import BucketConfig
from deployments.health import health_report
from deployments.http.access import Access
from deployments.http.routes import build_api
from deployments.jobs import JobRunner
from deployments.known_voices import KnownVoices
from deployments.limits import Limits
from deployments.pipeline import SpeechPipeline
from deployments.sampler_watch import SamplerWatch
from deployments.service import SpeechService
from deployments.storage import Bucket
from deployments.telemetry.replica_logging import log_with_serve
from deployments.voice_lookup import VoiceLookup
from speech.limits import PassLimits
from speech.text.pronunciations import Pronunciations


class Ingress:
    """The service over HTTP, and its jobs through a handle.

    Args:
        voice_prep: Handle to VoicePrep.
        sampler: Handle to Sampler.
        voices_dir: VoicePrep's folder, which may be out of reach here.
        engine: Name of the engine as configured.
        limits: Bounds on requests.
        pass_limits: Bounds on the chunks that the engine speaks in one pass.
        access: The callers that are let in over HTTP.
        list_voices: Whether HTTP callers are told which voices there are.
        bucket: The bucket that takes whole jobs' audio; if None, it comes back inline.
        warnings: Suspicious settings, for the health report.
        pronunciations: Spellings of words for all requests.
        default_voice: Name of the voice of requests that name none; one made up for each if None.
    """

    def __init__(
        self,
        voice_prep: DeploymentHandle[Any],
        sampler: DeploymentHandle[Any],
        voices_dir: str,
        engine: str,
        limits: Limits,
        pass_limits: PassLimits,
        access: Access,
        list_voices: bool = False,
        bucket: BucketConfig | None = None,
        warnings: Sequence[str] = (),
        pronunciations: Pronunciations = MappingProxyType({}),
        default_voice: str | None = None,
    ) -> None:
        log_with_serve()
        # By value, as plain gRPC: half the time of Ray's own calls for messages of our size.
        lookup = VoiceLookup(voice_prep.options(_by_reference=False), limits.outage_s)
        voices = KnownVoices(lookup, voices_dir)
        storage = None if bucket is None else Bucket(bucket, limits.max_requests)
        self._service = SpeechService(
            SpeechPipeline(voices, sampler, limits, pass_limits, pronunciations, default_voice),
            voices,
            SamplerWatch(sampler, limits.outage_s),
            partial(health_report, engine, warnings, voice_prep, sampler, storage),
            engine,
            limits,
            pass_limits,
        )
        self._jobs = JobRunner(self._service, storage)
        self._access = access
        self._list_voices = list_voices

    def __serve_build_asgi_app__(self) -> FastAPI:
        """Build the HTTP application; Ray Serve calls this once per replica."""
        return build_api(self._service, self._jobs, self._access, self._list_voices)

    async def run_job(self, job_input: object, job_id: str | None = None) -> dict[str, Any]:
        """Return the job output for a RunPod job's `input`; errors are `{"error": …}`."""
        return await self._jobs.run(self._jobs.read(job_input, job_id, "runpod"))

    async def stream_job(
        self, job_input: object, job_id: str | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Yield a RunPod job's audio in parts, then its output, as `JobRunner.stream` does."""
        job = self._jobs.read(job_input, job_id, "runpod")
        async with aclosing(self._jobs.stream(job)) as items:
            async for item in items:
                yield item

    async def ready(self) -> bool:
        """Tell whether the graph can speak now."""
        return await self._service.ready()

    async def drain(self) -> None:
        """Refuse HTTP requests from now on; those under way go on."""
        self._service.drain()
