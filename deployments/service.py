"""The operations that every API offers: speak, health, readiness, drain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager
from typing import Any

from deployments.admission import Admission, Place
from deployments.known_voices import KnownVoices
from deployments.limits import Limits
from deployments.pipeline import SpeechPipeline
from deployments.sampler_watch import SamplerWatch
from deployments.speech_call import SpeechCall
from deployments.supervision import Supervision
from deployments.telemetry import metrics
from deployments.telemetry.export import StatsExporter
from deployments.telemetry.request_log import RequestLog
from deployments.telemetry.request_record import RequestRecord, RequestSource
from deployments.text_session import TextSession
from speech.concurrency import on_its_own
from speech.errors import NotReady, SpeechError
from speech.limits import PassLimits
from speech.request import SpeechRequest


class SpeechService:
    """One ingress replica's service, whichever API a request comes through.

    Attributes:
        engine: Name of the engine as configured.
        limits: Bounds on requests.
        pass_limits: Bounds on what the engine speaks in one pass.
    """

    def __init__(
        self,
        pipeline: SpeechPipeline,
        voices: KnownVoices,
        watch: SamplerWatch,
        report: Callable[..., Coroutine[Any, Any, dict[str, Any]]],
        engine: str,
        limits: Limits,
        pass_limits: PassLimits,
    ) -> None:
        """Set up the service; `report` makes the health report, told whether it is `draining`."""
        self.engine = engine
        self.limits = limits
        self.pass_limits = pass_limits
        self._pipeline, self._voices, self._watch, self._report = pipeline, voices, watch, report
        self._log = RequestLog()
        admission = Admission(limits.max_requests)
        self._supervision = Supervision(admission, self._watch, self._log, limits.deadline_s)
        self._connections = Admission(limits.max_connections)
        self._draining = asyncio.Event()
        self._health: asyncio.Task[dict[str, Any]] | None = None
        StatsExporter(admission.stats, metrics.ADMISSION_STATS).start()
        StatsExporter(self._connections.stats, metrics.CONNECTION_STATS).start()

    @contextmanager
    def logging_refusal(self, request_id: str, source: RequestSource) -> Iterator[None]:
        """Log and count a request that is refused inside as any other that ended."""
        try:
            yield
        except SpeechError as error:
            record = RequestRecord(request_id, source)
            record.failed(error)
            self._log.write(record)
            raise

    def log_given_up(self, request_id: str, source: RequestSource) -> None:
        """Log and count a request that its caller gave up before it began."""
        record = RequestRecord(request_id, source)
        record.ended("cancelled")
        self._log.write(record)

    def speak(
        self,
        request: SpeechRequest,
        request_id: str,
        source: RequestSource,
        place: Place | None = None,
    ) -> SpeechCall:
        """Return a call that speaks `request` once it is started, in `place` if it has one."""
        return SpeechCall(request, request_id, source, self._pipeline, self._supervision, place)

    def turn(self) -> AbstractAsyncContextManager[Place]:
        """Hold a request's place inside, which may have to be waited for."""
        return self._supervision.admission.turn()

    @asynccontextmanager
    async def connection(self, request_id: str) -> AsyncIterator[None]:
        """Hold the place of a WebSocket inside.

        Raises:
            Overloaded: All are taken.
            NotReady: See `require_ready`.
        """
        with ExitStack() as held:
            with self.logging_refusal(request_id, "websocket"):
                held.enter_context(self._connections.admit())
                await self.require_ready()
            yield

    def session(self, request_id: str, *, file_per_sentence: bool) -> TextSession:
        """Return a session that speaks text as it comes; see `TextSession`."""
        return TextSession(
            request_id,
            self._pipeline,
            self._supervision,
            self.limits,
            self.require_open,
            file_per_sentence=file_per_sentence,
        )

    async def drained(self) -> None:
        """Return once the server is stopping."""
        await self._draining.wait()

    async def health(self) -> dict[str, Any]:
        """Return the contract's health report; concurrent calls share one."""
        if self._health is None or self._health.done():
            self._health = on_its_own(self._report(draining=self._draining.is_set()))
        return await asyncio.shield(self._health)

    async def voice_names(self) -> list[str]:
        """Return the names of the usable voice files, in order."""
        return await self._voices.names()

    async def ready(self) -> bool:
        """Tell whether the graph can speak now."""
        return await self._watch.answers()

    async def loaded_engine(self) -> str | None:
        """Return the name of the loaded model, or None while there is none."""
        return await self._watch.model()

    async def require_ready(self) -> None:
        """Return if the graph can speak, or is expected to within seconds.

        Raises:
            NotReady: It is still starting, has lost all its samplers, or is stopping.
        """
        self.require_open()
        await self._watch.require()

    def require_open(self) -> None:
        """Return if requests are taken.

        Raises:
            NotReady: The server is stopping.
        """
        if self._draining.is_set():
            raise NotReady("The server is stopping, retry later")

    def drain(self) -> None:
        """Refuse HTTP requests from now on; those under way go on."""
        self._draining.set()
