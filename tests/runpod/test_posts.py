"""Posts of outputs to a RunPod whose answers are odd."""

from __future__ import annotations

import asyncio
import gc
import weakref
from contextlib import suppress

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from serve_app.runpod_posts import post


class Answers:
    """Takes posts, and answers each with 200 and what its mode says."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.connections: list[asyncio.BaseTransport | None] = []
        self.reached = asyncio.Event()

    async def garbled(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.text())
        return web.Response(body=b"\xff\xfe\xfa", content_type="application/json")

    async def cut(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.text())
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"{")
        assert request.transport is not None
        request.transport.close()
        return response

    async def long(self, request: web.Request) -> web.StreamResponse:
        self.connections.append(request.transport)
        await request.read()
        return web.Response(body=bytes(2**20))  # more than comes at once with the headers

    async def refused(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=400)

    async def never(self, request: web.Request) -> web.StreamResponse:
        self.reached.set()
        await asyncio.Event().wait()
        raise AssertionError


class Output(str):
    """An output whose end can be seen."""


@pytest.mark.parametrize("answer", ["garbled", "cut"])
async def test_output_that_was_taken_is_posted_once_whatever_the_answer_says(answer: str) -> None:
    answers = Answers()
    app = web.Application()
    app.router.add_post("/job-done", getattr(answers, answer))
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        await post(session, str(server.make_url("/job-done?isStream=true")), "the output")
    assert answers.bodies == ["the output"]


async def test_posts_one_after_the_other_share_a_connection() -> None:
    answers = Answers()
    app = web.Application()
    app.router.add_post("/job-done", answers.long)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        for _ in range(2):
            await post(session, str(server.make_url("/job-done?isStream=true")), "a piece")
    first, second = answers.connections
    assert first is second


@pytest.mark.parametrize("answer", ["refused", "never"])
async def test_output_that_is_not_taken_is_freed_at_once(answer: str) -> None:
    answers = Answers()
    app = web.Application()
    app.router.add_post("/job-done", getattr(answers, answer))
    output = Output("the output")
    alive = weakref.ref(output)
    gc.disable()  # it would free it some time
    try:
        async with TestServer(app) as server, aiohttp.ClientSession() as session:
            posting = asyncio.create_task(
                post(session, str(server.make_url("/job-done?isStream=true")), output)
            )
            del output
            if answer == "never":
                await answers.reached.wait()
                posting.cancel()
            await asyncio.wait({posting})
            with suppress(aiohttp.ClientError, asyncio.CancelledError):
                posting.result()
            del posting
        assert alive() is None
    finally:
        gc.enable()
