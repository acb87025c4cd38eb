"""Bodies that arrive slowly, or never whole."""

import asyncio
import gc
import json

import pytest

from deployments.http import bodies
from deployments.http.errors import RETRY_AFTER_S

JSON = {"Content-Type": "application/json"}
SPEECH = {"input": "Hello.", "response_format": "pcm"}
REST = json.dumps(SPEECH).encode()[1:]
MANY = 20_000
"""More objects than a request leaves."""


class HalfSent:
    """A body of which only the beginning has been sent so far."""

    def __init__(self, client, begin=b"{", headers=JSON):
        self._begin, self._rest, self._sent = begin, asyncio.Queue(), asyncio.Event()
        self.answer = asyncio.ensure_future(
            client.post("/v1/audio/speech", content=self._parts(), headers=headers)
        )

    async def _parts(self):
        yield self._begin
        self._sent.set()
        yield await self._rest.get()

    async def begun(self):
        """Return once the server waits for more, or has answered."""
        sent = asyncio.ensure_future(self._sent.wait())
        await asyncio.wait({sent, self.answer}, return_when=asyncio.FIRST_COMPLETED)
        sent.cancel()
        return self

    async def end(self, rest=REST):
        """Send the rest; return the answer."""
        self._rest.put_nowait(rest)
        return await self.answer


@pytest.fixture
async def half_sent():
    """Return `half_sent(client)`: a request that is under way until the test is over."""
    begun = []

    async def half_sent(client, begin=b"{", headers=JSON):
        begun.append(HalfSent(client, begin, headers))
        return await begun[-1].begun()

    yield half_sent
    for body in begun:
        body.answer.cancel()
    await asyncio.gather(*(body.answer for body in begun), return_exceptions=True)


def assert_refused(response, status, code):
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert response.headers.get("Retry-After") == (str(RETRY_AFTER_S) if status == 503 else None)


async def test_body_that_never_ends_is_408_in_time(make_ingress, connect, half_sent):
    client = connect(make_ingress(limits={"body_timeout_s": 0.05}))
    response = await (await half_sent(client)).answer
    assert_refused(response, 408, "body_timeout")
    assert response.json()["error"]["message"].endswith("did not arrive within 0.05 s")
    assert response.headers["Connection"] == "close"


@pytest.mark.parametrize("length", ["1025", "9" * 5000])
async def test_body_that_says_it_is_too_large_is_not_waited_for(
    make_ingress, connect, half_sent, length
):
    client = connect(make_ingress(limits={"max_body_bytes": 1024}))
    response = await (await half_sent(client, headers={**JSON, "Content-Length": length})).answer
    assert_refused(response, 413, "body_too_large")


async def test_half_sent_bodies_hold_no_place_of_a_request(make_ingress, connect, half_sent):
    client = connect(make_ingress(limits={"max_requests": 1}))
    waiting = [await half_sent(client) for _ in range(8)]
    assert (await client.post("/v1/audio/speech", json=SPEECH)).status_code == 200
    assert (await waiting[0].end()).status_code == 200


async def test_slow_body_makes_room_for_another(make_ingress, connect, half_sent, monkeypatch):
    monkeypatch.setattr(bodies, "SLOW_S", 0)
    client = connect(make_ingress(limits={"max_bodies": 2}))
    oldest, other = [await half_sent(client) for _ in range(2)]
    assert (await client.post("/v1/audio/speech", json=SPEECH)).status_code == 200
    assert_refused(await oldest.answer, 503, "overloaded")
    assert (await other.end()).status_code == 200


async def test_body_beyond_those_that_only_began_is_503(
    make_ingress, connect, half_sent, monkeypatch
):
    monkeypatch.setattr(bodies, "SLOW_S", 3600)
    client = connect(make_ingress(limits={"max_bodies": 2}))
    waiting = [await half_sent(client) for _ in range(2)]
    assert_refused(await client.post("/v1/audio/speech", json=SPEECH), 503, "overloaded")
    assert [(await body.end()).status_code for body in waiting] == [200, 200]


async def test_largest_body_goes_when_all_are_too_large(make_ingress, connect, half_sent):
    limits = {"max_body_bytes": 4096, "max_bodies_bytes": 8192}
    client = connect(make_ingress(limits=limits))
    padding = [b" " * size + b"{" for size in (3000, 3500, 1000)]
    small, large, last = [await half_sent(client, begin) for begin in padding]
    assert not large.answer.done()
    assert (await last.end(b" " * 2000)).status_code == 400
    assert_refused(await large.answer, 503, "overloaded")
    assert (await small.end()).status_code == 200


async def test_stranger_is_refused_before_a_body_is_read(make_ingress, connect, half_sent):
    client = connect(make_ingress(api_keys=["secret"], limits={"max_bodies": 1}))
    assert (await (await half_sent(client)).answer).status_code == 401


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/audio/speech", {"input": "Hello.", "more": None}),
        ("/v1/text-to-speech/deep.wav", {"text": "Hello.", "more": None}),
        ("/runsync", {"input": {"text": "Hello.", "more": None}}),
        ("/v2/any/runsync", {"input": {"text": "Hello.", "more": None}}),
    ],
)
async def test_body_whose_request_is_spoken_takes_no_memory(
    make_ingress, connect, held_sampler, path, body
):
    sampler, stage = held_sampler
    client = connect(make_ingress(sampler))
    content = json.dumps(body).replace("null", json.dumps([[]] * MANY))
    gc.collect()
    num_before = len(gc.get_objects())
    answer = asyncio.ensure_future(client.post(path, content=content, headers=JSON))
    assert await asyncio.to_thread(stage.started.acquire, timeout=60)
    assert len(gc.get_objects()) - num_before < MANY
    stage.release.set()
    assert (await answer).status_code == 200
