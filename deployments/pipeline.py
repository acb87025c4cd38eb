"""One request from validated input to encoded packets: voice -> chunks -> jobs -> join -> encode.

Both doors and both ways of answering (whole or streamed) run through `Utterance.packets`. Knows
handles and nothing of HTTP or RunPod.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from ray.serve.handle import DeploymentHandle

from deployments.handles import unwrap, within
from deployments.prepared_voice import PreparedVoice
from deployments.sampling import chunk_seed, sample_in_order
from engine.protocol import Job
from speech.encoding import Encoder
from speech.errors import InternalError, Overloaded, SpeechError
from speech.formats import FORMATS
from speech.joining import Joiner
from speech.pcm import FRAME_SAMPLES, PCM, SAMPLE_RATE_HZ
from speech.request import SpeechRequest
from speech.tempo import Tempo
from speech.text import split_text

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """Bounds on requests, per ingress replica.

    Attributes:
        max_requests: Running and waiting at a time; one more is refused at once.
        max_request_jobs: Jobs of one request in the sampler at a time.
        deadline_s: From acceptance to the last packet.
    """

    max_text_chars: int = 4096
    max_body_bytes: int = 2**20
    max_requests: int = 64
    max_request_jobs: int = 4
    deadline_s: float = 600.0


@dataclass
class Timings:
    """Where a request's time went, in seconds; `queue` is its first job's wait."""

    queue: float = 0.0
    voice: float = 0.0
    generate: float = 0.0
    encode: float = 0.0
    total: float = 0.0


@dataclass
class Outcome:
    """What is known about an utterance so far."""

    voice_key: str | None = None
    engine: str = ""
    device: str = ""
    chunks: int = 0
    num_samples: int = 0
    timings: Timings = field(default_factory=Timings)

    @property
    def duration_s(self) -> float:
        """Length of the audio."""
        return self.num_samples / SAMPLE_RATE_HZ

    @property
    def num_frames(self) -> int:
        """Length of the audio in latent frames, begun ones included."""
        return -(-self.num_samples // FRAME_SAMPLES)


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


class Utterance:
    """One request being spoken."""

    def __init__(
        self, pipeline: Pipeline, request: SpeechRequest, request_id: str, *, whole: bool
    ) -> None:
        """`whole`: the packets form one file with a true header, made when all is spoken."""
        self.request = request
        self.outcome = Outcome()
        self._pipeline = pipeline
        self._request_id = request_id
        self._whole = whole

    async def packets(self) -> AsyncGenerator[bytes, None]:
        """Yield encoded audio as it is made; nothing before the first PCM.

        Closing the generator frees everything the request holds.

        Raises:
            SpeechError: And nothing else.
        """
        started = time.perf_counter()
        result = "cancelled"
        try:
            with self._pipeline.admit():
                packets = within(self._pipeline.limits.deadline_s, self._encode())
                async with aclosing(packets):
                    async for packet in packets:
                        yield packet
            result = "completed"
        except SpeechError as error:
            result = error.code
            raise
        except Exception as error:
            result = InternalError.code
            logger.exception("request %s failed", self._request_id)
            raise InternalError(f"Internal error (request {self._request_id})") from error
        finally:
            self.outcome.timings.total = time.perf_counter() - started
            self._log(result)

    def metadata(self) -> dict[str, Any]:
        """Return the contract's `metadata`, complete once all packets are out."""
        row = FORMATS[self.request.output_format]
        outcome = self.outcome
        return {
            "sample_rate": self.request.sample_rate,
            "codec": row.codec,
            **({} if row.bitrate is None else {"bitrate": row.bitrate}),
            "duration": round(outcome.duration_s, 3),
            "seed": self.request.seed,
            "device": outcome.device,
            "engine": outcome.engine,
            "chunks": outcome.chunks,
            "timings": {name: round(1000 * s, 1) for name, s in vars(outcome.timings).items()},
        }

    async def _encode(self) -> AsyncGenerator[bytes, None]:
        """Yield packets of what `_speak` says, made off the event loop."""
        loop = asyncio.get_running_loop()
        chain = _OutputChain(self.request, whole=self._whole)
        async with aclosing(self._speak()) as pieces:
            async for pcm in pieces:
                if not pcm.size:
                    continue
                packet = await loop.run_in_executor(self._pipeline.encoders, chain.encode, pcm)
                if packet:
                    yield packet
        packet = await loop.run_in_executor(self._pipeline.encoders, chain.finish)
        self.outcome.num_samples = chain.num_samples
        self.outcome.timings.encode = chain.busy_s
        if packet:
            yield packet

    async def _speak(self) -> AsyncGenerator[PCM, None]:
        """Yield the request's PCM: its chunks sampled side by side, joined in order."""
        request, outcome = self.request, self.outcome
        parameters = request.parameters
        jobs = [
            Job(text, chunk_seed(request.seed, index), parameters, request.stream)
            for index, text in enumerate(
                split_text(
                    request.text, parameters.max_chars_per_chunk, parameters.target_duration_seconds
                )
            )
        ]
        outcome.chunks = len(jobs)
        joiner = Joiner(
            SAMPLE_RATE_HZ, parameters.enable_crossfade, parameters.normalize_boundaries
        )
        current = 0
        started = time.perf_counter()
        pieces = sample_in_order(
            self._pipeline.sampler,
            jobs,
            self._prepare_voice,
            self._pipeline.limits.max_request_jobs,
        )
        async with aclosing(pieces):
            async for index, piece in pieces:
                if not outcome.engine:
                    outcome.engine, outcome.device = piece.engine, piece.device
                    outcome.timings.queue = piece.queue_s
                for _ in range(current, index):
                    yield joiner.next_chunk()
                current = index
                yield joiner.feed(piece.pcm)
        outcome.timings.generate = (
            time.perf_counter() - started - outcome.timings.voice - outcome.timings.queue
        )
        yield joiner.finish()

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

    def _log(self, result: str) -> None:
        outcome = self.outcome
        logger.info(
            "request %s %s: engine=%s voice=%s chunks=%d audio_s=%.2f queue_ms=%.0f "
            "voice_ms=%.0f generate_ms=%.0f encode_ms=%.0f total_ms=%.0f",
            self._request_id,
            result,
            outcome.engine or "-",
            outcome.voice_key or "-",
            outcome.chunks,
            outcome.duration_s,
            *(1000 * seconds for seconds in vars(outcome.timings).values()),
        )


class _OutputChain:
    """PCM -> tempo -> encoder for one request, and the time it took; one thread at a time."""

    def __init__(self, request: SpeechRequest, *, whole: bool) -> None:
        self._tempo = Tempo(request.speed, SAMPLE_RATE_HZ)
        self._encoder = Encoder(
            FORMATS[request.output_format], SAMPLE_RATE_HZ, request.sample_rate, whole=whole
        )
        self.num_samples = 0
        self.busy_s = 0.0

    def encode(self, pcm: PCM) -> bytes:
        started = time.perf_counter()
        packet = self._take(self._tempo.process(pcm))
        self.busy_s += time.perf_counter() - started
        return packet

    def finish(self) -> bytes:
        started = time.perf_counter()
        packet = self._take(self._tempo.finish()) + self._encoder.finish()
        self.busy_s += time.perf_counter() - started
        return packet

    def _take(self, pcm: PCM) -> bytes:
        self.num_samples += len(pcm)
        return self._encoder.encode(pcm)
