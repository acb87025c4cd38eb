"""RunPod's jobs, through its worker or `POST /runsync`: plain JSON data in, plain JSON data out.

A job comes in as its `input` and leaves as the contract's job output. An error is part of that
output, so nothing is raised for a caller's mistake.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any

from deployments.admission import Place
from deployments.service import SpeechService
from deployments.speech_call import SpeechCall
from deployments.storage import Bucket
from deployments.telemetry.request_record import RequestRecord, RequestSource
from speech.errors import SpeechError, UploadFailed
from speech.formats import FORMATS
from speech.request import SpeechRequest, is_health_check, parse_job

logger = logging.getLogger(__name__)

MIN_PART_BYTES = 32 * 1024
"""The least audio of a streamed job's part, the last one aside: each costs a round trip."""
MAX_PART_BYTES = 512 * 1024
"""The most audio of a part: as base64 well below RunPod's limit of 1 MB."""
MAX_INLINE_BYTES = 7_400_000
"""The most audio that fits, as base64 beside its metadata, into the 10 MB of a RunPod output."""
ANSWER_S = 2.0
"""Seconds of a job's time that an upload leaves for the answer."""


@dataclass(frozen=True)
class Job:
    """A job whose input has been read. That is not kept: its values may take 25 times its bytes.

    Attributes:
        job_id: The id that its caller knows it by.
        source: The interface it came in through.
        wanted: What it asks for, None for the health report; or what is wrong with it.
        streams: Whether it asks for audio as it is made.
    """

    job_id: str
    source: RequestSource
    wanted: SpeechRequest | SpeechError | None
    streams: bool


class JobRunner:
    """Runs jobs on the service; whole audio goes to the bucket, if there is one."""

    def __init__(self, service: SpeechService, bucket: Bucket | None) -> None:
        self._service = service
        self._bucket = bucket

    def read(self, job_input: object, job_id: str | None, source: RequestSource) -> Job:
        """Return the job of an `input`; without an id it gets one."""
        wanted: SpeechRequest | SpeechError | None = None
        if not is_health_check(job_input):
            try:
                wanted = parse_job(
                    job_input,
                    self._service.limits.max_text_chars,
                    self._service.pass_limits.max_frames,
                )
            except SpeechError as error:
                wanted = copy(error)  # less its traceback, which has the input
        streams = isinstance(job_input, Mapping) and job_input.get("stream") is True
        return Job(job_id or uuid.uuid4().hex, source, wanted, streams)

    async def run(
        self,
        job: Job,
        follow: Callable[[RequestRecord], None] | None = None,
        place: Place | None = None,
    ) -> dict[str, Any]:
        """Return the job output; errors are `{"error": …}`.

        `follow` is given the record of the request, which is filled in while it is spoken. `place`
        is the job's, if it has waited for one.
        """
        if job.wanted is None:
            return await self._service.health()
        try:
            call = self._accept(job, job.wanted, place)
            record, delivery = await call.deliver(
                partial(self._deliver, call.request, job.source), follow
            )
        except SpeechError as error:
            return {"error": error.message}
        return {**_job_output(call.request, record.metadata(call.request)), **delivery}

    async def stream(
        self, job: Job, place: Place | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Yield a job's audio in parts `{"audio_base64", "index"}`, then its output without.

        An error comes as the last item, `{"error": …}`. `place` is the job's, if it has waited for
        one.
        """
        if job.wanted is None:
            yield await self._service.health()
            return
        try:
            call = self._accept(job, job.wanted, place)
            stream = await call.start()
            index = 0
            async with aclosing(regroup(stream.packets)) as parts:
                async for part in parts:
                    yield {"audio_base64": base64.b64encode(part).decode(), "index": index}
                    index += 1
        except SpeechError as error:
            yield {"error": error.message}
            return
        yield _job_output(call.request, stream.record.metadata(call.request))

    @asynccontextmanager
    async def turn(self, job: Job) -> AsyncIterator[Place | None]:
        """Hold the place that a job needs inside, once there is one; a health check needs none."""
        if job.wanted is None:
            yield None
        else:
            async with self._service.turn() as place:
                yield place

    def given_up(self, job: Job) -> None:
        """Log and count a job that was cancelled before it began; a health check is no request."""
        if job.wanted is not None:
            self._service.log_given_up(job.job_id, job.source)

    def _accept(
        self, job: Job, wanted: SpeechRequest | SpeechError, place: Place | None
    ) -> SpeechCall:
        """Return the call that a job asks for.

        Raises:
            SpeechError: The contract's error for the first thing wrong with the job.
        """
        with self._service.logging_refusal(job.job_id, job.source):
            if isinstance(wanted, SpeechError):
                raise wanted
        return self._service.speak(wanted, job.job_id, job.source, place)

    async def _deliver(
        self, request: SpeechRequest, source: RequestSource, audio: bytes, left_s: float
    ) -> dict[str, Any]:
        """Return where the audio is: behind a link into the bucket, else inline.

        Raises:
            UploadFailed: The bucket did not take it in time, and it may not come inline.
        """
        if self._bucket is None:
            return await _inline(audio)
        key = _output_name(request)
        media_type = FORMATS[request.output_format].media_type
        try:
            url = await self._bucket.upload(
                key, audio, media_type, max(left_s - ANSWER_S, left_s / 2)
            )
        except UploadFailed as error:
            fits = source == "http" or len(audio) <= MAX_INLINE_BYTES
            if not (self._bucket.fallback_inline and fits):
                raise
            logger.warning("job %s comes back inline: %s", request.session_id, error.message)
            return await _inline(audio)
        return {"url": url, "s3_key": key}


async def _inline(audio: bytes) -> dict[str, Any]:
    encoded = await asyncio.to_thread(base64.b64encode, audio)
    return {"audio_base64": encoded.decode()}


async def regroup(packets: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Yield the same bytes in parts of MIN_PART_BYTES to MAX_PART_BYTES; the last may be shorter.

    The first packet goes out at once, whatever its size, so that playback can begin.
    """
    held = bytearray()
    first = True
    async with aclosing(packets):
        async for packet in packets:
            held += packet
            while len(held) >= MIN_PART_BYTES or (first and held):
                first = False
                yield bytes(held[:MAX_PART_BYTES])
                del held[:MAX_PART_BYTES]
    if held:
        yield bytes(held)


def _output_name(request: SpeechRequest) -> str:
    return f"{request.session_id}.{FORMATS[request.output_format].extension}"


def _job_output(request: SpeechRequest, metadata: dict[str, Any]) -> dict[str, Any]:
    return {"status": "completed", "filename": _output_name(request), "metadata": metadata}
