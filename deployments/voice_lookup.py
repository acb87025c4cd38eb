"""Calls to VoicePrep, whose replicas may see different folders, and may be lost.

A node may lack the voices folder, or have a copy that lags behind. So a file that one replica does
not find is asked of all of them before a request fails. What a lost replica was asked, another one
is asked.
"""

from __future__ import annotations

import logging
from typing import Any

from ray.exceptions import RayActorError
from ray.serve.handle import DeploymentHandle

from deployments.handles import answer
from speech.errors import VoiceNotFound, VoicesUnavailable

MAX_ASKED = 3
"""Replicas that are asked one after the other, if each is lost while it is to answer."""

logger = logging.getLogger(__name__)


async def ask_voice_prep(voice_prep: DeploymentHandle[Any], method: str, argument: object) -> Any:
    """Return the answer of a replica that sees the file which a call is about.

    Raises:
        SpeechError: What the first one said, if none sees it.
        RayActorError: One replica after the other was lost.
    """
    for _ in range(MAX_ASKED - 1):
        try:
            return await _ask_once(voice_prep, method, argument)
        except RayActorError as error:
            logger.warning("VoicePrep was lost (%s), another is asked", type(error).__name__)
    return await _ask_once(voice_prep, method, argument)


async def _ask_once(voice_prep: DeploymentHandle[Any], method: str, argument: object) -> Any:
    try:
        return await answer(getattr(voice_prep, method).remote(argument))
    except (VoiceNotFound, VoicesUnavailable):
        everywhere = voice_prep.broadcast(method, argument)
        for found in await everywhere.results_async(return_exceptions=True):
            if not isinstance(found, BaseException):
                return found
        raise
