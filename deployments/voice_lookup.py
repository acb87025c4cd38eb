"""Calls to VoicePrep, whose replicas may see different folders, and may be lost.

A node may lack the voices folder, or have a copy that lags behind. So a file that one replica does
not find is asked of all of them before a request fails. What a lost replica was asked, another one
is asked. Where there is none for long, calls fail rather than wait for one.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from ray.exceptions import RayActorError
from ray.serve.handle import DeploymentHandle

from deployments.handles import answer
from speech.concurrency import stop
from speech.errors import NotReady, VoiceNotFound, VoicesUnavailable

MAX_ASKED = 3
"""Replicas that are asked one after the other, if each is lost while it is to answer."""
PATIENCE_S = 8.0
"""The time after which a call that has no answer yet asks whether there is a replica at all."""
PROMPT_S = 2.0
"""The longest time in which a replica tells that it is there again, once all were lost."""

logger = logging.getLogger(__name__)


class VoiceLookup:
    """Asks VoicePrep.

    Args:
        voice_prep: Handle to VoicePrep.
        outage_s: The longest outage that calls under way wait out.
        patience_s: See PATIENCE_S.
    """

    def __init__(
        self,
        voice_prep: DeploymentHandle[Any],
        outage_s: float,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._voice_prep = voice_prep
        self._patience_s = patience_s
        self._outage_s = outage_s
        self._is_lost = False

    async def ask(self, method: str, *args: object) -> Any:
        """Return the answer of a replica that sees the file which a call is about.

        Raises:
            NotReady: No replica answers at all.
            SpeechError: What the first one said, if none sees the file.
            RayActorError: One replica after the other was lost.
        """
        if self._is_lost:
            await self._require_replica(PROMPT_S)
        asked = asyncio.ensure_future(self._ask(method, args))
        try:
            while not (await asyncio.wait({asked}, timeout=self._patience_s))[0]:
                await self._require_replica(self._outage_s - self._patience_s)
            return asked.result()
        finally:
            await stop(asked)

    async def _ask(self, method: str, args: tuple[object, ...]) -> Any:
        for _ in range(MAX_ASKED - 1):
            try:
                return await self._ask_once(method, args)
            except RayActorError as error:
                logger.warning("VoicePrep was lost (%s), another is asked", type(error).__name__)
        return await self._ask_once(method, args)

    async def _ask_once(self, method: str, args: tuple[object, ...]) -> Any:
        try:
            return await answer(getattr(self._voice_prep, method).remote(*args))
        except (VoiceNotFound, VoicesUnavailable):
            everywhere = self._voice_prep.broadcast(method, *args)
            for found in await everywhere.results_async(return_exceptions=True):
                if not isinstance(found, BaseException):
                    return found
            raise

    async def _require_replica(self, timeout_s: float) -> None:
        """Return once a replica answers a call that takes no time.

        Raises:
            NotReady: None does in time.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self._find_replica()
        except TimeoutError:
            self._is_lost = True
            raise NotReady("No VoicePrep answers, retry later") from None
        self._is_lost = False

    async def _find_replica(self) -> None:
        while True:
            try:
                await answer(self._voice_prep.stats.remote())
                return
            except RayActorError:
                await asyncio.sleep(PROMPT_S / 4)
