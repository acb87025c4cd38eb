"""Sampler: hosts one engine on one device and turns jobs into pieces of PCM.

The only place that constructs an engine, so that no other replica loads its libraries.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any

from ray.serve.handle import DeploymentHandle

from deployments.prepared_voice import PreparedVoice, fetch
from deployments.telemetry import metrics
from deployments.telemetry.export import StatsExporter
from deployments.telemetry.replica_logging import log_with_serve
from engine.protocol import Job, Voice
from speech.pcm import PCM, SAMPLE_RATE_HZ

MAX_PIECE_SAMPLES = 10 * SAMPLE_RATE_HZ
"""Keeps a message between replicas well below gRPC's limit of 4 MiB."""


@dataclass(frozen=True)
class Piece:
    """PCM of one job, and who made it.

    Attributes:
        pcm: Mono float32 at 44.1 kHz, shape (num_samples,).
        engine: Name of the model that the engine speaks with.
        device: Where the engine runs.
        queue_s: How long the job waited for its turn.
    """

    pcm: PCM
    engine: str
    device: str
    queue_s: float


class Sampler:
    """One engine behind a handle; a replica per GPU where the engine needs one."""

    def __init__(
        self,
        voice_prep: DeploymentHandle[Any],
        engine: str,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        from engine import create_engine

        log_with_serve()
        self._voice_prep = voice_prep
        self._engine = create_engine(engine, **(options or {}))
        labels = {"engine": self._engine.name, "device": self._engine.device}
        StatsExporter(self._engine.stats, metrics.ENGINE_STATS, labels).start()

    async def generate(self, job: Job, voice: PreparedVoice | None) -> AsyncGenerator[Piece, None]:
        """Yield the job's PCM in order; closing or cancelling frees the engine within one step.

        Raises:
            VoiceLost: The engine holds nothing for the voice's key and its audio is gone.
            SpeechError: The job failed.
        """
        submitted = time.perf_counter()
        queue_s = 0.0

        def on_start() -> None:
            nonlocal queue_s
            queue_s = time.perf_counter() - submitted

        pieces = self._engine.generate(job, self._voice(voice), on_start)
        async with aclosing(pieces):
            async for pcm in pieces:
                # Nothing at all is a piece too: it says who made it.
                for start in range(0, max(len(pcm), 1), MAX_PIECE_SAMPLES):
                    part = pcm[start : start + MAX_PIECE_SAMPLES]
                    yield Piece(part, self._engine.name, self._engine.device, queue_s)

    async def check_health(self) -> None:
        """Raise where the engine is past helping; Ray Serve asks, and replaces the replica."""
        await self._engine.check_health()

    async def report(self) -> dict[str, Any]:
        """Return which engine speaks on what device, and its gauges."""
        engine = self._engine
        return {"engine": engine.name, "device": engine.device, "stats": engine.stats()}

    def _voice(self, prepared: PreparedVoice | None) -> Voice | None:
        if prepared is None:
            return None
        return Voice(prepared.key, partial(fetch, self._voice_prep, prepared))

    def __del__(self) -> None:
        """Free the engine; Ray Serve calls this when the replica stops."""
        if hasattr(self, "_engine"):
            self._engine.close()
