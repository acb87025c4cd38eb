"""Text as it is written, over real WebSockets through Ray Serve's proxy."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
import websockets

from tests.graph.conftest import KEY, open_jobs, stats, wait_until, wait_until_given_up
from tests.texts import SENTENCE

pytestmark = pytest.mark.ray

CONFIG = {"type": "session.config", "response_format": "pcm", "parameters": {"num_steps": 4}}


@pytest.fixture(scope="module")
def streams(narrow):
    """The URL of the route of a graph that takes one connection and asks for a key."""
    return narrow.replace("http", "ws", 1) + "/v1/audio/speech/stream"


def connect(url, key=KEY):
    return websockets.connect(url, additional_headers={"Authorization": f"Bearer {key}"})


@asynccontextmanager
async def connected(url):
    """Yield a connection, once the one before has left, of which the client saw the end."""
    tries = aiter(connect(url))  # repeated while the answer is 503
    try:
        yield await anext(tries)
    finally:
        await tries.aclose()


async def send(server, kind, **fields):
    await server.send(json.dumps({"type": kind, **fields}))


async def until(server, kind):
    """Return the messages up to the next of a kind, and how much audio came."""
    messages, num_bytes = [], 0
    while not messages or messages[-1]["type"] != kind:
        frame = await server.recv()
        if isinstance(frame, bytes):
            num_bytes += len(frame)
        else:
            messages.append(json.loads(frame))
    return messages, num_bytes


async def test_sentence_is_spoken_before_the_next_is_written(streams):
    async with connected(streams) as server:
        await server.send(json.dumps({**CONFIG, "voice": "otto.ogg"}))
        for fragment in ("Good eve", "ning, Dr. Ma", "son. W"):
            await send(server, "input.text", text=fragment)
        first, num_bytes = await until(server, "audio.done")
        await send(server, "input.text", text="ill you stay?")
        await send(server, "input.done")
        rest, _ = await until(server, "session.done")
    assert first[0]["sentence_text"] == "Good evening, Dr. Mason."
    assert first[-1]["total_bytes"] == num_bytes > 24000
    assert rest[-1]["total_sentences"] == 2


@pytest.mark.parametrize("leave", [False, True])
async def test_barge_in_or_a_client_that_leaves_frees_the_engine(streams, leave):
    before = await asyncio.to_thread(stats, "narrow")
    async with connected(streams) as server:
        await server.send(json.dumps(CONFIG))
        await send(server, "input.text", text=SENTENCE * 80)
        await until(server, "audio.start")
        await asyncio.to_thread(wait_until, lambda: open_jobs("narrow") > 0)
        if not leave:
            await send(server, "input.cancel")
            messages, _ = await until(server, "session.done")
            assert messages[-2]["error"]
            await asyncio.to_thread(wait_until, lambda: open_jobs("narrow") == 0)
            await send(server, "input.text", text="Hello.")
            await send(server, "input.done")
            assert (await until(server, "session.done"))[1] > 1000
    await asyncio.to_thread(wait_until_given_up, "narrow", before)


async def test_wrong_key_and_one_connection_too_many_are_refused(streams):
    async with connected(streams) as server:
        await server.send(json.dumps(CONFIG))
        for key, status, code in (("no", 401, "invalid_api_key"), (KEY, 503, "overloaded")):
            with pytest.raises(websockets.InvalidStatus) as refused:
                async with connect(streams, key):
                    pass
            response = refused.value.response
            assert (response.status_code, json.loads(response.body)["error"]["code"]) == (
                status,
                code,
            )


async def test_idle_connection_is_closed_and_its_place_free(streams):
    for _ in range(2):
        async with connected(streams) as server:
            assert json.loads(await server.recv())["code"] == "idle_timeout"
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await server.recv()
            assert closed.value.rcvd.code == 1008
