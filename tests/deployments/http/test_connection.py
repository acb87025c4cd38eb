import asyncio
import json
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from deployments.http.connection import Connection
from speech.errors import DeadlineExceeded, Idle
from speech.request import parse_speech_config
from tests.deployments.clock import let_pass
from tests.deployments.conftest import local_handle

IDLE_S = 60


class Caller:
    """A WebSocket whose client sends what the test puts into `frames`."""

    def __init__(self):
        self.state = SimpleNamespace(request_id="any")
        self.frames = asyncio.Queue()
        self.close_code = None

    async def receive(self):
        return {"type": "websocket.receive", "text": await self.frames.get()}

    async def send_json(self, message):
        pass

    async def close(self, code):
        self.close_code = code


class Script:
    """A dialect that is idle, and takes a message, as long as the test says."""

    def __init__(self):
        self.is_idle = True
        self.takes = asyncio.Event()
        self.takes.set()
        self.closed = asyncio.Event()

    async def take(self, message):
        await self.takes.wait()

    async def speak(self):
        await self.closed.wait()

    def close(self):
        self.closed.set()


@asynccontextmanager
async def talk(ingress):
    """Yield a caller, the script of its connection, the connection, and the task that runs it."""
    caller, script = Caller(), Script()
    connection = Connection(caller, ingress._service, IDLE_S)
    running = asyncio.create_task(connection.run(script))
    await let_pass(0)
    yield caller, script, connection, running
    await let_pass(IDLE_S - 1)
    assert not running.done()
    await let_pass(2)
    with pytest.raises(Idle):
        await running


async def test_idle_time_begins_when_the_last_was_sent(make_ingress):
    async with talk(make_ingress()) as (_, _, connection, _):
        await let_pass(IDLE_S - 1)
        await connection.send({})


async def test_idle_time_begins_when_the_last_was_received(make_ingress):
    async with talk(make_ingress()) as (caller, _, _, _):
        await let_pass(IDLE_S - 1)
        caller.frames.put_nowait("{}")
        await let_pass(0)


async def test_idle_time_begins_when_the_last_was_taken(make_ingress):
    async with talk(make_ingress()) as (caller, script, _, running):
        script.takes.clear()
        caller.frames.put_nowait("{}")
        await let_pass(2 * IDLE_S)
        assert not running.done()
        script.takes.set()
        await let_pass(0)


async def test_no_time_is_idle_while_something_is_spoken(make_ingress):
    async with talk(make_ingress()) as (_, script, _, running):
        script.is_idle = False
        await let_pass(2 * IDLE_S)
        assert not running.done()
        script.is_idle = True


async def test_message_that_is_being_taken_when_the_server_stops_comes_before_the_end(make_ingress):
    service, caller, script = make_ingress()._service, Caller(), Script()
    running = asyncio.create_task(Connection(caller, service).run(script))
    script.takes.clear()
    caller.frames.put_nowait("{}")
    await let_pass(0)
    service.drain()
    await let_pass(0)
    assert not script.closed.is_set()
    script.takes.set()
    await running
    assert (script.closed.is_set(), caller.close_code) == (True, 1001)


class SilentSampler:
    async def report(self):
        await asyncio.Event().wait()


async def test_configuration_that_no_sampler_answers_keeps_no_server_that_stops(make_ingress):
    service = make_ingress(local_handle(SilentSampler), {"deadline_s": 0.05})._service
    session = service.session("any", file_per_sentence=True)
    with pytest.raises(DeadlineExceeded):
        await session.configure(parse_speech_config({}, 640))


async def test_client_that_takes_nothing_is_left_after_the_deadline(make_ingress, connect):
    ingress = make_ingress(limits={"max_requests": 1})
    service = ingress._service
    sent = [
        {"type": "session.config"},
        {"type": "input.text", "text": "A few words to nobody."},
        {"type": "input.done"},
    ]
    messages = [
        {"type": "websocket.connect"},
        *({"type": "websocket.receive", "text": json.dumps(message)} for message in sent),
    ]

    async def receive():
        if not messages:
            await asyncio.Event().wait()
        return messages.pop(0)

    async def send(message):
        if message["type"] == "websocket.send":  # the time of the next one is nearly over
            service.limits = service.limits.model_copy(update={"deadline_s": 0.05})
        if message.get("bytes"):
            await asyncio.Event().wait()

    path = "/v1/audio/speech/stream"
    scope = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
        "subprotocols": [],
        "scheme": "ws",
    }
    await ingress.__serve_build_asgi_app__()(scope, receive, send)
    answer = await connect(ingress).post("/v1/audio/speech", json={"input": "To somebody."})
    assert answer.status_code == 200
