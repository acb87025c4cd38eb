"""Ingress: HTTP and RunPod both enter here; every request is validated before any work.

A job from RunPod (or `POST /runsync`) comes in as plain JSON data and leaves as the contract's
job output; errors are part of that output, so nothing is raised for a caller's mistake.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import uuid
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from fastapi import FastAPI
from ray.serve.handle import DeploymentHandle

from deployments.health import health_report, loaded_engine
from deployments.http.routes import build_api
from deployments.pipeline import Limits, Pipeline, Utterance
from deployments.storage import Bucket, BucketConfig
from deployments.telemetry.outcome import Door, Outcome
from deployments.telemetry.replica_logging import log_with_serve
from speech.errors import NotReady, SpeechError
from speech.formats import FORMATS
from speech.request import SpeechRequest, is_health_check, parse_job, parse_speech

logger = logging.getLogger(__name__)

MIN_PIECE_BYTES = 32 * 1024
"""A streamed job's pieces are at least this long, the last one aside: each costs a round trip."""
MAX_PIECE_BYTES = 512 * 1024
"""As base64 well below RunPod's limit of 1 MB."""


class Ingress:
    """The graph's front: requests in, audio out."""

    def __init__(
        self,
        voice_prep: DeploymentHandle[Any],
        sampler: DeploymentHandle[Any],
        engine: str,
        limits: Limits,
        bucket: BucketConfig | None = None,
        api_keys: Sequence[str] = (),
        cors_origins: Sequence[str] = (),
        doubts: Sequence[str] = (),
    ) -> None:
        """`doubts`: what of the configuration is hardly meant, for the health report."""
        log_with_serve()
        self.engine = engine
        self.limits = limits
        self.api_keys = tuple(api_keys)
        self.cors_origins = tuple(cors_origins)
        self._voice_prep = voice_prep
        self._sampler = sampler
        self._pipeline = Pipeline(voice_prep, sampler, limits)
        self._doubts = tuple(doubts)
        self._has_been_ready = False
        self._draining = False
        self._health: asyncio.Task[dict[str, Any]] | None = None
        self._bucket = None if bucket is None else Bucket(bucket)

    def __serve_build_asgi_app__(self) -> FastAPI:
        """Build the HTTP routes over this ingress; Ray Serve calls this once per replica."""
        return build_api(self)

    def speak(self, body: object, request_id: str) -> Utterance:
        """Return the utterance an OpenAI speech body asks for.

        Raises:
            InvalidRequest: For the first thing wrong with `body`.
        """
        return self._accept(parse_speech, body, request_id, "http", whole=False)

    async def run_job(
        self, job_input: object, job_id: str | None = None, door: Door = "runpod"
    ) -> dict[str, Any]:
        """Return the job output for a job's `input`; errors are `{"error": …}`."""
        if is_health_check(job_input):
            return await self.health()
        request_id = job_id or uuid.uuid4().hex
        try:
            utterance = self._accept(parse_job, job_input, request_id, door, whole=True)
            delivery = await utterance.deliver(partial(self._deliver, utterance.request))
        except SpeechError as error:
            return {"error": error.message}
        return {**_job_output(utterance), **delivery}

    async def stream_job(
        self, job_input: object, job_id: str | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Yield a job's audio in pieces `{"audio_base64", "index"}`, then its output without.

        An error comes as the last item, `{"error": …}`.
        """
        if is_health_check(job_input):
            yield await self.health()
            return
        request_id = job_id or uuid.uuid4().hex
        try:
            utterance = self._accept(parse_job, job_input, request_id, "runpod", whole=False)
            index = 0
            async with aclosing(regroup(utterance.packets())) as pieces:
                async for piece in pieces:
                    yield {"audio_base64": base64.b64encode(piece).decode(), "index": index}
                    index += 1
        except SpeechError as error:
            yield {"error": error.message}
            return
        yield _job_output(utterance)

    async def health(self) -> dict[str, Any]:
        """Return the contract's health report; who asks meanwhile shares the one under way."""
        if self._health is None or self._health.done():
            self._health = asyncio.ensure_future(
                health_report(
                    self.engine,
                    self._doubts,
                    self._voice_prep,
                    self._sampler,
                    self._bucket,
                    draining=self._draining,
                )
            )
        return await asyncio.shield(self._health)

    async def drain(self) -> None:
        """Refuse HTTP requests from now on; those under way go on."""
        self._draining = True

    async def ready(self) -> bool:
        """Tell whether the graph can speak now."""
        return await self.loaded_engine() is not None

    async def loaded_engine(self) -> str | None:
        """Return the name that the engine speaks under, or None while there is none loaded."""
        name = await loaded_engine(self._sampler)
        self._has_been_ready |= name is not None
        return name

    async def require_ready(self) -> None:
        """Return once the graph has been able to speak; a later outage is waited out, not told.

        Raises:
            NotReady: It is still starting, or stopping.
        """
        self.require_open()
        if not (self._has_been_ready or await self.ready()):
            raise NotReady("The engine is still starting, retry later")

    def require_open(self) -> None:
        """Return if requests are taken.

        Raises:
            NotReady: The server is stopping.
        """
        if self._draining:
            raise NotReady("The server is stopping, retry later")

    def _accept(
        self,
        parse: Callable[[object, int], SpeechRequest],
        body: object,
        request_id: str,
        door: Door,
        *,
        whole: bool,
    ) -> Utterance:
        """Return the utterance `body` asks for; a refusal is recorded as every other end is."""
        try:
            request = parse(body, self.limits.max_text_chars)
        except SpeechError as error:
            self._pipeline.record(request_id, Outcome(door, error.code))
            raise
        return Utterance(self._pipeline, request, request_id, door, whole=whole)

    async def _deliver(self, request: SpeechRequest, audio: bytes) -> dict[str, Any]:
        if self._bucket is None:
            encoded = await asyncio.to_thread(base64.b64encode, audio)
            return {"audio_base64": encoded.decode()}
        key = _filename(request)
        url = await self._bucket.upload(key, audio, FORMATS[request.output_format].media_type)
        return {"url": url, "s3_key": key}


async def regroup(packets: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Yield the same bytes in pieces of MIN_PIECE_BYTES to MAX_PIECE_BYTES; the last may be short.

    The first packet goes out at once, whatever its size: somebody waits to hear it.
    """
    held = bytearray()
    first = True
    async with aclosing(packets):
        async for packet in packets:
            held += packet
            while len(held) >= MIN_PIECE_BYTES or (first and held):
                first = False
                yield bytes(held[:MAX_PIECE_BYTES])
                del held[:MAX_PIECE_BYTES]
    if held:
        yield bytes(held)


def _filename(request: SpeechRequest) -> str:
    return f"{request.session_id}.{FORMATS[request.output_format].extension}"


def _job_output(utterance: Utterance) -> dict[str, Any]:
    return {
        "status": "completed",
        "filename": _filename(utterance.request),
        "metadata": utterance.outcome.metadata(utterance.request),
    }
