import asyncio

import pytest

from deployments.http import body_memory
from deployments.http.body_memory import BodyMemory

PART = b"x" * 1024
MAX_BYTES = 64 * len(PART)
NUM_CLIENTS = 8


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(body_memory, "MAX_BYTES", MAX_BYTES)
    monkeypatch.setattr(body_memory, "FREE_BYTES", 2 * len(PART))


async def send_endlessly():
    """Return the next part of a body that has no end."""
    await asyncio.sleep(0)
    return {"type": "http.request", "body": PART, "more_body": True}


async def ignore(message):
    """Take a message that is sent."""


class Hoarder:
    """An application that takes all it can get of every body, and answers when told."""

    def __init__(self):
        self.num_bytes, self.answer = {}, {}

    async def __call__(self, scope, receive, send):
        client = scope["client"]
        self.num_bytes[client], self.answer[client] = 0, asyncio.Event()
        while not self.answer[client].is_set():
            self.num_bytes[client] += len((await receive())["body"])
        await send({"type": "http.response.start", "status": 413, "headers": []})

    async def full(self):
        """Return how much it has got once it gets no more."""
        before, now = -1, 0
        while before != now:
            for _ in range(100):
                await asyncio.sleep(0)
            before, now = now, sum(self.num_bytes.values())
        return now


async def test_endless_bodies_are_read_up_to_a_bound():
    app, tasks = Hoarder(), []
    memory = BodyMemory(app)
    for client in range(NUM_CLIENTS):
        call = memory({"type": "http", "client": client}, send_endlessly, ignore)
        tasks.append(asyncio.create_task(call))
    first = await app.full()
    assert MAX_BYTES < first <= 2 * MAX_BYTES + NUM_CLIENTS * len(PART)
    tasks[0].cancel()
    assert await app.full() > first
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    alone = asyncio.create_task(memory({"type": "http", "client": 99}, send_endlessly, ignore))
    while app.num_bytes.get(99, 0) < 4 * MAX_BYTES:  # noqa: ASYNC110 (a part sends no event)
        await asyncio.sleep(0)
    app.answer[99].set()
    await alone


async def test_short_body_is_read_whatever_waits():
    app = Hoarder()
    memory = BodyMemory(app)
    scopes = [{"type": "http", "client": client} for client in range(2)]
    tasks = [asyncio.create_task(memory(scope, send_endlessly, ignore)) for scope in scopes]
    await app.full()
    parts = [{"type": "http.request", "body": PART, "more_body": False}]

    async def send_once():
        return parts.pop() if parts else await asyncio.Event().wait()

    tasks.append(asyncio.create_task(memory({"type": "http", "client": 99}, send_once, ignore)))
    await app.full()
    assert app.num_bytes[99] == len(PART)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
