"""The path of one request: chunks -> jobs in the sampler -> levelled and joined PCM -> packets.

Whole and streamed answers of every API take it. Each stage is a generator that closes the stage
before it; closing the last one frees all that the request holds.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Iterable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import aclosing
from typing import Any

from ray.serve.handle import DeploymentHandle

from deployments.dispatch import Sampled, VoicedJob, sample_in_order
from deployments.joining import join
from deployments.known_voices import KnownVoices
from deployments.levelling import level
from deployments.limits import Limits
from deployments.model_defaults import ModelDefaults
from deployments.prepared_voice import PreparedVoice
from deployments.request_voices import RequestVoices
from deployments.sentence_audio import Script, SentenceEvent, SentenceRenderer
from deployments.telemetry.request_record import RequestRecord
from engine.protocol import Job
from speech.chunks import Chunk, ChunkPlanner, plan_chunks, word_timestamps
from speech.concurrency import run_in
from speech.errors import ResultTooLarge
from speech.formats import FORMATS
from speech.levelling import Leveller
from speech.limits import PassLimits
from speech.parameters import ModelParameters, complete
from speech.pcm import PCM, SAMPLE_RATE_HZ
from speech.rendering import Renderer
from speech.request import SpeechRequest
from speech.text.incremental import Sentence
from speech.text.pronunciations import Pronunciations
from speech.timestamps import TimedWord, Timestamps


class SpeechPipeline:
    """Turns requests into encoded audio through Sampler."""

    def __init__(
        self,
        voices: KnownVoices,
        sampler: DeploymentHandle[Any],
        limits: Limits,
        pass_limits: PassLimits,
        pronunciations: Pronunciations,
        default_voice: str | None,
    ) -> None:
        self._voices = voices
        # By value, as plain gRPC: half the time of Ray's own calls for messages of our size.
        self._sampler = sampler.options(stream=True, _by_reference=False)
        self._limits = limits
        self._pass_limits = pass_limits
        self._pronunciations = pronunciations
        self._default_voice = default_voice
        self._defaults = ModelDefaults(sampler)
        self._threads = ThreadPoolExecutor(thread_name_prefix="encode")

    async def packets(
        self, request: SpeechRequest, record: RequestRecord, *, whole: bool
    ) -> AsyncGenerator[bytes, None]:
        """Yield the encoded audio of `request` as it is made; nothing before the first PCM.

        Args:
            request: The request to speak.
            record: Filled in on the way.
            whole: The packets form one file with a complete header, made when all is spoken.

        Raises:
            SpeechError: The request failed.
        """

        def note_words(words: Sequence[TimedWord]) -> None:
            if timestamps is not None:
                record.timed(timestamps.add(words))

        plan = await run_in(
            self._threads,
            plan_chunks,
            request,
            await self._defaults.get(),
            self._pronunciations,
            self._pass_limits,
            self._limits.max_audio_s,
        )
        timestamps: Timestamps | None = None
        if request.timestamps:
            timestamps = await run_in(
                self._threads, word_timestamps, request, request.text, plan.chunks
            )
        record.planned(len(plan.chunks))
        sampled = self._sample(
            each(plan.chunks), request, record, stream=not whole, known=plan.chunks
        )
        levelled = level(
            sampled,
            _leveller(request, stream=not whole),
            lambda index: plan.chunks[index].voice,
            self._threads,
        )
        joined = join(levelled, plan, note_words)
        renderer = Renderer(request, whole=whole)
        rendered = render(joined, renderer, self._threads, self._limits.max_audio_s)
        async with aclosing(rendered) as packets:
            async for packet in packets:
                record.rendered(renderer.num_samples, renderer.busy_s)
                if packet:
                    yield packet

    async def sentences(
        self,
        request: SpeechRequest,
        sentences: AsyncGenerator[Sentence, None],
        record: RequestRecord,
        *,
        file_per_sentence: bool,
    ) -> AsyncGenerator[SentenceEvent, None]:
        """Yield the events of `sentences`, which come while others are spoken.

        Args:
            request: The voice, format and parameters; its text plays no part.
            sentences: The text. It is closed when this is.
            record: Filled in on the way.
            file_per_sentence: Whether the audio of each is a file of its own, or that of all one.

        Raises:
            SpeechError: The request failed.
        """
        parameters, max_audio_s = await self.parameters(request), self._limits.max_audio_s
        planner = ChunkPlanner(
            request, parameters, self._pronunciations, self._pass_limits, max_audio_s
        )
        script = Script(request, planner, record, self._threads)
        sampled = self._sample(script.chunks(sentences), request, record, stream=True)
        levelled = level(
            sampled,
            _leveller(request, stream=True),
            lambda index: script.lines[index].chunk.voice,
            self._threads,
        )
        renderer = SentenceRenderer(
            request,
            script,
            record,
            self._threads,
            self._limits.max_audio_s,
            file_per_sentence=file_per_sentence,
        )
        async with aclosing(renderer.render(levelled)) as events:
            async for event in events:
                yield event

    async def parameters(self, request: SpeechRequest) -> ModelParameters:
        """Return the parameters that `request` is spoken with, the model's own included.

        Raises:
            SpeechError: They do not go together, or no sampler can tell.
        """
        return complete(request.given, await self._defaults.get(), self._pass_limits.max_frames)

    async def _sample(
        self,
        chunks: AsyncGenerator[Chunk, None],
        request: SpeechRequest,
        record: RequestRecord,
        *,
        stream: bool,
        known: Sequence[Chunk] = (),
    ) -> AsyncGenerator[Sampled, None]:
        """Yield the audio of the chunks of a request, as it comes from the sampler.

        Of the chunks that are `known` from the beginning, the voices are prepared first. Where
        nobody hears them as they come, those without a voice are rehearsed, to make one up.
        """

        async def prepare_voice(name: str) -> PreparedVoice:
            with record.preparing_voice():
                voice = await self._voices.prepare(name)
            record.voice_prepared(voice.file, voice.key)
            return voice

        # A client may send one X-Request-ID with all its requests.
        unique_id = f"{record.request_id}/{uuid.uuid4().hex}"
        # A job that comes again under its name is kept from where it was drawn before.
        rehearsal_id = f"{unique_id}/rehearsal"
        voices = [chunk.voice or self._default_voice for chunk in known]
        unnamed = [chunk for chunk, name in zip(known, voices, strict=True) if not name]
        rehearsed = unnamed if not stream and len(unnamed) > 1 else ()
        jobs = make_jobs(chunks, request, self._default_voice, unique_id, stream=stream)
        sampled = sample_in_order(
            self._sampler,
            jobs,
            RequestVoices(prepare_voice, dict.fromkeys(filter(None, voices))),
            self._limits.max_request_jobs,
            record.redrawn,
            [make_job(chunk, request, rehearsal_id, stream=stream) for chunk in rehearsed],
        )
        async with aclosing(sampled):
            async for item in sampled:
                if (block := item.block) is not None:
                    self._defaults.spoken_by(block.engine)
                    if block.fault is not None:
                        record.take_is_faulty(item.job_index, block.fault)
                    record.audio_received(block.engine, block.device, block.queue_s, item.waited_s)
                yield item


def _leveller(request: SpeechRequest, *, stream: bool) -> Leveller:
    peak_db = FORMATS[request.output_format].peak_db
    return Leveller(request.loudness, peak_db, stream=stream, speed=request.speed)


async def each(chunks: Iterable[Chunk]) -> AsyncGenerator[Chunk, None]:
    """Yield chunks that are known from the beginning."""
    for chunk in chunks:
        yield chunk


async def make_jobs(
    chunks: AsyncGenerator[Chunk, None],
    request: SpeechRequest,
    default_voice: str | None,
    unique_id: str,
    *,
    stream: bool,
) -> AsyncGenerator[VoicedJob, None]:
    """Yield the sampler's job for each chunk; one without a voice is spoken in `default_voice`."""
    async with aclosing(chunks):
        async for chunk in chunks:
            job = make_job(chunk, request, unique_id, stream=stream)
            yield VoicedJob(job, chunk.voice or default_voice)


def make_job(chunk: Chunk, request: SpeechRequest, unique_id: str, *, stream: bool) -> Job:
    """Return the sampler's job for a chunk."""
    return Job(
        chunk.text,
        chunk.seed,
        request.given,
        stream=stream,
        request_id=unique_id,
        timestamps=request.timestamps,
    )


async def render(
    parts: AsyncGenerator[PCM, None], renderer: Renderer, threads: Executor, max_audio_s: float
) -> AsyncGenerator[bytes, None]:
    """Yield what the renderer makes of each part, off the event loop; many packets are empty.

    Raises:
        ResultTooLarge: The audio is longer than `max_audio_s`.
    """
    async with aclosing(parts):
        async for pcm in parts:
            for piece in renderer.pieces(pcm):
                yield await run_in(threads, renderer.render, piece)
                if renderer.num_samples > max_audio_s * SAMPLE_RATE_HZ:
                    raise ResultTooLarge.beyond(max_audio_s)
    yield await run_in(threads, renderer.finish)
