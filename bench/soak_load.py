"""The requests of a soak: every API, format and voice, callers who leave, and wrong ones."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import aiohttp

from speech.formats import FORMATS

TEXTS = (
    "Good morning.",
    "The kettle is on, come and sit down.",
    "She left her umbrella on the early train.",
    "Nobody had told the driver about the closed bridge. He waited an hour. Then he went home.",
)
PATIENCE_S = 300.0


class SoakLoad:
    """Clients of one server; what became of their requests is counted.

    Args:
        session: Its base URL is the server's.
        voices: Names of voice files of the server.
        seed: The seed of the requests and their times.
    """

    def __init__(self, session: aiohttp.ClientSession, voices: Sequence[str], seed: int) -> None:
        self.outcomes = Counter[tuple[str, str]]()
        self._session = session
        self._voices = [*voices, None]
        self._rng = random.Random(seed)
        self._kinds: dict[Callable[[], Awaitable[str]], int] = {
            self.speech: 45,
            self.events: 15,
            self.job: 10,
            self.text_stream: 10,
            self.leaver: 15,
            self.refused: 5,
        }

    async def arrive(self, rate: float, seconds: float) -> None:
        """Send requests as a Poisson process for `seconds`; return when all are answered."""
        end = time.monotonic() + seconds
        async with asyncio.TaskGroup() as group:
            while time.monotonic() < end:
                group.create_task(self._send())
                await asyncio.sleep(self._rng.expovariate(rate))

    async def overload(self, clients: int, seconds: float) -> None:
        """Let `clients` ask without a pause for `seconds`, refused or not."""
        end = time.monotonic() + seconds

        async def client() -> None:
            while time.monotonic() < end:
                await self._send()

        await asyncio.gather(*(client() for _ in range(clients)))

    async def _send(self) -> None:
        [kind] = self._rng.choices(list(self._kinds), list(self._kinds.values()))
        try:
            async with asyncio.timeout(PATIENCE_S):
                outcome = await kind()
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            outcome = type(error).__name__
        self.outcomes[kind.__name__, outcome] += 1

    def _body(self, **more: object) -> dict[str, object]:
        return {
            "input": self._rng.choice(TEXTS),
            "voice": self._rng.choice(self._voices) or "default",
            "response_format": self._rng.choice(list(FORMATS)),
            "seed": self._rng.randrange(10),
            **more,
        }

    async def speech(self) -> str:
        """Ask for audio and read it whole."""
        async with self._session.post("/v1/audio/speech", json=self._body()) as response:
            await response.read()
            return str(response.status)

    async def events(self) -> str:
        """Ask for events with word times and read them whole."""
        body = self._body(stream_format="sse", timestamps="word")
        async with self._session.post("/v1/audio/speech", json=body) as response:
            await response.read()
            return str(response.status)

    async def job(self) -> str:
        """Run a job in RunPod's envelope."""
        job_input = {
            "text": self._rng.choice(TEXTS),
            "speaker_voice": self._rng.choice(self._voices),
        }
        async with self._session.post("/runsync", json={"input": job_input}) as response:
            if response.status != 200:
                return str(response.status)
            return str((await response.json())["status"])

    async def text_stream(self) -> str:
        """Have a text spoken that is sent word by word over a WebSocket."""
        config = {"type": "session.config", "voice": self._rng.choice(self._voices) or "default"}
        async with self._session.ws_connect("/v1/audio/speech/stream") as socket:
            await socket.send_json(config)
            for word in self._rng.choice(TEXTS).split():
                await socket.send_json({"type": "input.text", "text": f"{word} "})
            await socket.send_json({"type": "input.done"})
            async for message in socket:
                if message.type == aiohttp.WSMsgType.TEXT:
                    event = message.json()["type"]
                    if event in ("session.done", "error"):
                        return str(event)
        return "closed"

    async def leaver(self) -> str:
        """Ask for audio and leave: before it is there, or in the middle of it."""
        waits_for_audio = self._rng.random() < 0.5
        request = self._session.post("/v1/audio/speech", json=self._body())
        try:
            async with asyncio.timeout(None if waits_for_audio else self._rng.uniform(0, 0.5)):
                response = await request
                await response.content.readany()
        except TimeoutError:
            return "left early"
        response.close()
        return "left"

    async def refused(self) -> str:
        """Ask for what cannot be had."""
        body = self._rng.choice(
            [self._body(voice="nobody.wav"), self._body(parameters={"num_steps": 0}), {}]
        )
        async with self._session.post("/v1/audio/speech", json=body) as response:
            await response.read()
            return str(response.status)
