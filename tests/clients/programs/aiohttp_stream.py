import asyncio
import os
from pathlib import Path

import aiohttp


async def speak():
    body = {"voice": "deep.wav", "input": os.environ["TEXT"], "response_format": "wav"}
    headers = {"Authorization": f"Bearer {os.environ['KEY']}"}
    async with (
        aiohttp.ClientSession(os.environ["URL"], headers=headers) as session,
        session.post("/v1/audio/speech", json=body, raise_for_status=True) as answer,
    ):
        return [part async for part in answer.content.iter_any()]  # or play each as it comes


Path("speech.wav").write_bytes(b"".join(asyncio.run(speak())))
