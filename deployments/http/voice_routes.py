"""The list of voices over HTTP, in the shape that Open WebUI and SillyTavern read."""

from __future__ import annotations

import os

from fastapi import APIRouter

from deployments.service import SpeechService


def voice_routes(service: SpeechService) -> APIRouter:
    """Return the route that lists the voices folder."""
    router = APIRouter(tags=["speech"])

    @router.get("/v1/audio/voices")
    async def voices() -> dict[str, list[dict[str, str]]]:
        """List the voices: `id` is what a request takes, `name` is for people."""
        names = await service.voice_names()
        return {"voices": [{"id": name, "name": os.path.splitext(name)[0]} for name in names]}

    return router
