"""One request from validated input to encoded packets: voice -> chunks -> jobs -> join -> encode.

Both doors and both ways of answering (whole or streamed) run through `Utterance`. Knows handles and
nothing of HTTP or RunPod.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from ray.serve.handle import DeploymentHandle

from deployments.dispatch import chunk_seed, sample_in_order
from deployments.handles import unwrap, within
from deployments.prepared_voice import PreparedVoice
from deployments.sampler import Piece
from deployments.telemetry import metrics
from deployments.telemetry.export import RequestMetrics, StatsExporter
from deployments.telemetry.outcome import Door, Outcome
from engine.protocol import Job
from speech.errors import InternalError, Overloaded, ResultTooLarge, SpeechError
from speech.joining import Joiner
from speech.parameters import MAX_SEQUENCE_LENGTH
from speech.pcm import PCM, SAMPLE_RATE_HZ
from speech.rendering import Renderer
from speech.request import SpeechRequest
from speech.text.splitting import split_text

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class Limits:
    """Bounds on requests, per ingress replica.

    Attributes:
        max_requests: Running and waiting at a time; one more is refused at once.
        max_request_jobs: Jobs of one request in the sampler at a time.
        max_audio_s: Length of one request's audio.
        deadline_s: From acceptance to the last packet, or to delivery.
    """

    max_text_chars: int
    max_body_bytes: int
    max_requests: int
    max_request_jobs: int
    max_audio_s: float
    deadline_s: float


class Pipeline:
    """Admits requests and speaks them through VoicePrep and Sampler."""

    def __init__(
        self, voice_prep: DeploymentHandle[Any], sampler: DeploymentHandle[Any], limits: Limits
    ) -> None:
        # By value, as plain gRPC: half the time of Ray's own calls for messages of our size.
        self.voice_prep = voice_prep.options(_by_reference=False)
        self.sampler = sampler.options(stream=True, _by_reference=False)
        self.limits = limits
        self.encoders = ThreadPoolExecutor(thread_name_prefix="encode")
        self._num_requests = 0
        self._metrics = RequestMetrics()
        StatsExporter(self.stats, metrics.PIPELINE_STATS).start()

    @contextmanager
    def admit(self) -> Iterator[None]:
        """Hold one of the places for requests.

        Raises:
            Overloaded: All are taken.
        """
        if self._num_requests >= self.limits.max_requests:
            raise Overloaded("Overloaded, retry later")
        self._num_requests += 1
        try:
            yield
        finally:
            self._num_requests -= 1

    def record(self, request_id: str, outcome: Outcome) -> None:
        """Log and count a request that ended, the only place that does either."""
        logger.info("request %s %s: %s", request_id, outcome.result, outcome)
        self._metrics.record(outcome)

    def stats(self) -> dict[str, float]:
        """Return how many requests are `open`, and `max`, how many may be."""
        return {"open": self._num_requests, "max": self.limits.max_requests}


class Utterance:
    """One request being spoken."""

    def __init__(
        self,
        pipeline: Pipeline,
        request: SpeechRequest,
        request_id: str,
        door: Door,
        *,
        whole: bool,
    ) -> None:
        """`whole`: the packets form one file with a true header, made when all is spoken."""
        self.request = request
        self.outcome = Outcome(door, streamed=not whole, num_chars=len(request.text))
        self._pipeline = pipeline
        self._request_id = request_id
        self._whole = whole

    def packets(self) -> AsyncGenerator[bytes, None]:
        """Yield encoded audio as it is made; nothing before the first PCM.

        Closing the generator frees everything the request holds.

        Raises:
            SpeechError: And nothing else.
        """
        return self._attend(self._encode())

    async def deliver(self, deliver: Callable[[bytes], Awaitable[T]]) -> T:
        """Return what `deliver` makes of the whole audio, within the same limits.

        Raises:
            SpeechError: And nothing else.
        """

        async def deliveries() -> AsyncGenerator[T, None]:
            async with aclosing(self._encode()) as packets:
                audio = b"".join([packet async for packet in packets])
            yield await deliver(audio)

        async with aclosing(self._attend(deliveries())) as delivered:
            [result] = [item async for item in delivered]
        return result

    async def _attend(self, items: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
        """Yield `items` while holding a place, up to the deadline; record how it went."""
        started = time.perf_counter()
        outcome = self.outcome
        outcome.result = "cancelled"
        try:
            with self._pipeline.admit():
                async with aclosing(within(self._pipeline.limits.deadline_s, items)) as timely:
                    async for item in timely:
                        if outcome.first_audio_s is None:
                            outcome.first_audio_s = time.perf_counter() - started
                        yield item
            outcome.result = "completed"
        except Exception as error:
            if isinstance(error, SpeechError) and not isinstance(error, InternalError):
                outcome.result = error.code
                raise
            outcome.result = InternalError.code
            logger.exception("request %s failed", self._request_id)
            raise InternalError(f"Internal error (request {self._request_id})") from error
        finally:
            outcome.timings.total = time.perf_counter() - started
            self._pipeline.record(self._request_id, outcome)

    async def _encode(self) -> AsyncGenerator[bytes, None]:
        """Yield packets of what `_speak` says, made off the event loop."""
        renderer = Renderer(self.request, whole=self._whole)

        async def render(work: Callable[[], bytes]) -> bytes:
            packet = await self._in_thread(work)
            self.outcome.num_samples = renderer.num_samples
            self.outcome.timings.encode = renderer.busy_s
            return packet

        async with aclosing(self._speak()) as pieces:
            async for pcm in pieces:
                if pcm.size and (packet := await render(partial(renderer.render, pcm))):
                    yield packet
                if self.outcome.duration_s > self._pipeline.limits.max_audio_s:
                    raise ResultTooLarge(
                        f"The audio exceeds {self._pipeline.limits.max_audio_s:g} s: send less "
                        "text at a time"
                    )
        if packet := await render(renderer.finish):
            yield packet

    async def _speak(self) -> AsyncGenerator[PCM, None]:
        """Yield the request's PCM: its chunks sampled side by side, joined in order."""
        request, outcome = self.request, self.outcome
        parameters = request.parameters
        num_frames = parameters.sequence_length
        chunks = await self._in_thread(
            partial(
                split_text,
                request.text,
                parameters.max_chars_per_chunk,
                parameters.target_duration_seconds,
                MAX_SEQUENCE_LENGTH if num_frames == "auto" else num_frames,
            )
        )
        outcome.chunks = len(chunks)
        # A client may send one X-Request-ID with all its requests.
        request_id = f"{self._request_id}/{uuid.uuid4().hex}"
        jobs = [
            Job(
                text,
                chunk_seed(request.seed, index),
                request.given,
                stream=not self._whole,
                request_id=request_id,
            )
            for index, text in enumerate(chunks)
        ]
        joiner = Joiner(
            SAMPLE_RATE_HZ, parameters.enable_crossfade, parameters.normalize_boundaries
        )
        current = 0
        async with aclosing(self._sample(jobs)) as pieces:
            async for index, piece in pieces:
                for _ in range(current, index):
                    yield joiner.next_chunk()
                current = index
                yield joiner.feed(piece.pcm)
        yield joiner.finish()

    async def _sample(self, jobs: list[Job]) -> AsyncGenerator[tuple[int, Piece], None]:
        """Yield (chunk, piece) in order, and count the time it takes to get them."""
        timings = self.outcome.timings
        pieces = sample_in_order(
            self._pipeline.sampler,
            jobs,
            self._prepare_voice,
            self._pipeline.limits.max_request_jobs,
        )
        async with aclosing(pieces):
            while True:
                started, voice_s = time.perf_counter(), timings.voice
                try:
                    index, piece = await anext(pieces)
                except StopAsyncIteration:
                    return
                timings.generate += time.perf_counter() - started - (timings.voice - voice_s)
                if not self.outcome.engine:
                    self.outcome.engine, self.outcome.device = piece.engine, piece.device
                    timings.queue = piece.queue_s
                    timings.generate -= piece.queue_s
                yield index, piece

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pipeline.encoders, work)

    async def _prepare_voice(self) -> PreparedVoice | None:
        if self.request.voice is None:
            return None
        started = time.perf_counter()
        try:
            voice: PreparedVoice = await self._pipeline.voice_prep.prepare.remote(
                self.request.voice
            )
        except Exception as error:
            raise unwrap(error) from None
        finally:
            self.outcome.timings.voice += time.perf_counter() - started
        self.outcome.voice_key = voice.key
        return voice
