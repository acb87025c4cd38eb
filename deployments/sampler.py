"""Sampler: hosts one engine on one device and turns jobs into pieces of PCM.

The only place that constructs an engine, so that no other replica loads its libraries.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from deployments.prepared_voice import PreparedVoice, fetch
from deployments.replica_logging import log_with_serve
from engine.protocol import PCM, Job, Voice


@dataclass(frozen=True)
class Piece:
    """PCM of one job, and who made it.

    Attributes:
        pcm: Mono float32 at 44.1 kHz, shape (num_samples,).
        engine: Name of the engine, as in `ENGINES`.
        device: Where the engine runs.
        queue_s: How long the job waited for its turn.
    """

    pcm: PCM
    engine: str
    device: str
    queue_s: float


class Sampler:
    """One engine behind a handle; a replica per GPU where the engine needs one."""

    def __init__(self, engine: str, options: Mapping[str, Any] | None = None) -> None:
        from engine import create_engine

        log_with_serve()
        self._engine = create_engine(engine, **(options or {}))

    async def generate(self, job: Job, voice: PreparedVoice | None) -> AsyncGenerator[Piece, None]:
        """Yield the job's PCM in order; closing or cancelling frees the engine within one step.

        Raises:
            VoiceLost: The voice's audio is gone and the engine holds nothing for its key.
            SpeechError: The job failed.
        """
        submitted = time.perf_counter()
        queue_s = 0.0

        def on_start() -> None:
            nonlocal queue_s
            queue_s = time.perf_counter() - submitted

        async with aclosing(self._engine.generate(job, _as_voice(voice), on_start)) as pieces:
            async for pcm in pieces:
                yield Piece(pcm, self._engine.name, self._engine.device, queue_s)

    async def report(self) -> dict[str, Any]:
        """Return which engine speaks on what device, and its gauges."""
        engine = self._engine
        return {"engine": engine.name, "device": engine.device, "stats": engine.stats()}

    def __del__(self) -> None:
        """Free the engine; Ray Serve calls this when the replica stops."""
        if hasattr(self, "_engine"):
            self._engine.close()


def _as_voice(prepared: PreparedVoice | None) -> Voice | None:
    return None if prepared is None else Voice(prepared.key, lambda: fetch(prepared))
