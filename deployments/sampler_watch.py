"""A watch over the samplers, so that no request waits for one that cannot come back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ray.serve.handle import DeploymentHandle

from deployments.awake_clock import AwakeClock, awake_clock
from deployments.deadline import Deadline
from deployments.handles import answer
from speech.concurrency import on_its_own
from speech.errors import NotReady

NO_ANSWER = "No sampler answers, retry later"

PERIOD_S = 1.0
ANSWER_S = 5.0
"""The longest time that one answer may take: a busy host is slow."""
FIRST_ANSWER_S = 2.0
"""The longest time that a caller waits to hear that the engine is still starting."""
GRACE_S = 8.0
"""An outage that new requests wait out: a replacement often takes less."""


class SamplerWatch:
    """Asks the samplers for their report once a second, from the first use on.

    Args:
        sampler: Handle to Sampler.
        outage_s: The longest outage that running requests wait out.
        clock: The clock of this process, by default.
    """

    def __init__(
        self, sampler: DeploymentHandle[Any], outage_s: float, clock: AwakeClock | None = None
    ) -> None:
        self._sampler = sampler
        self._outage_s = outage_s
        self._clock = clock or awake_clock()
        self._model: str | None = None
        self._answered_at = 0.0
        self._watching: asyncio.Task[None] | None = None
        self._deadlines: set[Deadline] = set()

    async def model(self) -> str | None:
        """Return the name of the model that a sampler has loaded, None if none has answered yet."""
        if self._model is None:
            await self._ask(FIRST_ANSWER_S)
        self._keep_watching()
        return self._model

    async def require(self) -> None:
        """Return if a sampler has answered lately.

        Raises:
            NotReady: The first one is still starting, or none has answered for some seconds.
        """
        if await self.model() is None:
            raise NotReady("The engine is still starting, retry later")
        if self._silence_s() > GRACE_S:
            raise NotReady(NO_ANSWER)

    async def answers(self) -> bool:
        """Tell whether a sampler has answered lately."""
        return await self.model() is not None and self._silence_s() <= GRACE_S

    @contextmanager
    def guard(self, deadline: Deadline) -> Iterator[None]:
        """Let `deadline` pass inside if no sampler answers for longer than an outage may last."""
        self._deadlines.add(deadline)
        try:
            yield
        finally:
            self._deadlines.discard(deadline)

    def _silence_s(self) -> float:
        return self._clock.seconds - self._answered_at

    def _keep_watching(self) -> None:
        if self._watching is None or self._watching.done():
            self._watching = on_its_own(self._watch())

    async def _watch(self) -> None:
        while True:
            await self._ask(ANSWER_S)
            if self._model is not None and self._silence_s() > self._outage_s:
                for deadline in self._deadlines:
                    deadline.expire(NotReady(NO_ANSWER))
            await asyncio.sleep(PERIOD_S)

    async def _ask(self, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                report = await answer(self._sampler.report.remote())
        except Exception:  # for any reason: no answer came
            return
        self._model = str(report["engine"])
        self._answered_at = self._clock.seconds
