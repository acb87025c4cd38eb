"""Calls to VoicePrep, whose replicas may see different folders.

A node may lack the voices folder, or have a copy that lags behind. So a file that one replica does
not find is asked of all of them before a request fails.
"""

from __future__ import annotations

from typing import Any

from ray.serve.handle import DeploymentHandle

from deployments.handles import answer
from speech.errors import VoiceNotFound, VoicesUnavailable


async def ask_voice_prep(voice_prep: DeploymentHandle[Any], method: str, argument: object) -> Any:
    """Return the answer of a replica that sees the file which a call is about.

    Raises:
        SpeechError: What the first one said, if none sees it.
    """
    try:
        return await answer(getattr(voice_prep, method).remote(argument))
    except (VoiceNotFound, VoicesUnavailable):
        everywhere = voice_prep.broadcast(method, argument)
        for found in await everywhere.results_async(return_exceptions=True):
            if not isinstance(found, BaseException):
                return found
        raise
