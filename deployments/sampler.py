"""Sampler: hosts one engine on one device and turns jobs into blocks of PCM.

No other deployment constructs an engine, so that no other replica loads its libraries.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import BaseModel
from ray.serve.handle import DeploymentHandle

from deployments.prepared_voice import PreparedVoice, fetch
from deployments.telemetry import metrics
from deployments.telemetry.export import StatsExporter
from deployments.telemetry.replica_logging import log_with_serve
from deployments.voice_lookup import VoiceLookup
from engine.protocol import Job, Voice
from speech.errors import InternalError, SamplerLost
from speech.pcm import PCM, SAMPLE_RATE_HZ
from speech.timestamps import TimedWord

MAX_BLOCK_SAMPLES = 10 * SAMPLE_RATE_HZ
"""The longest block: as a message between replicas well below gRPC's limit of 4 MiB."""


@dataclass(frozen=True)
class PCMBlock:
    """A block of one job's PCM, and the engine that made it.

    Attributes:
        pcm: Mono float32 at 44.1 kHz, shape (num_samples,).
        engine: Name of the model that the engine speaks with.
        device: The device that the engine runs on.
        queue_s: Seconds the job waited for its turn.
        words: Those of the job whose times have become certain, in seconds of the job's audio.
        fault: See `engine.protocol.JobAudio`.
    """

    pcm: PCM
    engine: str
    device: str
    queue_s: float
    words: Sequence[TimedWord] = ()
    fault: str | None = None


class Sampler:
    """One engine behind a handle; a replica per GPU where the engine needs one."""

    def __init__(
        self,
        voice_prep: DeploymentHandle[Any],
        engine: str,
        options: BaseModel,
        max_waiting_jobs: int,
        outage_s: float,
    ) -> None:
        """Load the engine.

        Args:
            voice_prep: Handle to VoicePrep.
            engine: See `engine.create_engine`, as for the next two.
            options: The engine's own.
            max_waiting_jobs: Jobs that may wait for their turn.
            outage_s: The longest outage of VoicePrep that jobs wait out.
        """
        from engine import create_engine

        log_with_serve()
        # By reference: a copy of a reference that Ray does not see would never be freed.
        self._lookup = VoiceLookup(voice_prep.options(_by_reference=True), outage_s)
        self._engine = create_engine(engine, options, max_waiting_jobs)
        labels = {"engine": self._engine.name, "device": self._engine.device}
        StatsExporter(self._engine.stats, metrics.ENGINE_STATS, labels).start()

    async def generate(
        self, job: Job, voice: PreparedVoice | None
    ) -> AsyncGenerator[PCMBlock, None]:
        """Yield the job's PCM in order; closing or cancelling frees the engine within one step.

        Raises:
            VoiceLost: The engine holds nothing for the voice's key and its audio is gone.
            SamplerLost: No job can succeed here any more; another sampler may draw it.
            SpeechError: The job failed.
        """
        submitted = time.perf_counter()
        queue_s = 0.0

        def on_start() -> None:
            nonlocal queue_s
            queue_s = time.perf_counter() - submitted

        generated = self._engine.generate(job, self._voice(voice), on_start)
        async with aclosing(generated), self._telling_loss():
            async for audio in generated:
                words, fault = audio.words, audio.fault
                # An empty block is sent as well: it carries engine and device.
                for start in range(0, max(len(audio.pcm), 1), MAX_BLOCK_SAMPLES):
                    part = audio.pcm[start : start + MAX_BLOCK_SAMPLES]
                    yield PCMBlock(
                        part, self._engine.name, self._engine.device, queue_s, words, fault
                    )
                    words, fault = (), None

    @asynccontextmanager
    async def _telling_loss(self) -> AsyncIterator[None]:
        """Raise SamplerLost for a job that failed because no job can succeed here any more."""
        try:
            yield
        except InternalError:
            try:
                await self._engine.check_health()
            except Exception as error:
                raise SamplerLost.retry_later() from error
            raise

    async def check_health(self) -> None:
        """Raise if no job can succeed any more; Ray Serve then replaces the replica."""
        await self._engine.check_health()

    async def report(self) -> dict[str, Any]:
        """Return the model's name, device and default parameters, its gauges and its state."""
        engine = self._engine
        return {
            "engine": engine.name,
            "device": engine.device,
            "defaults": vars(engine.defaults),
            "stats": engine.stats(),
            "warning": engine.warning,
            "loaded": engine.is_loaded,
        }

    def _voice(self, prepared: PreparedVoice | None) -> Voice | None:
        if prepared is None:
            return None
        return Voice(prepared.key, partial(fetch, self._lookup, prepared))

    def __del__(self) -> None:
        """Free the engine; the only hook that Ray Serve calls when the replica stops."""
        if hasattr(self, "_engine"):  # it has loaded
            self._engine.close()
