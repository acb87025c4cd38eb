import asyncio

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bench.process_memory import Sample
from bench.soak import Soak, report
from bench.soak_load import SoakLoad
from bench.soak_picture import draw


async def speak(request):
    body = await request.json()
    known = body.get("voice") in ("ada.ogg", "default") and "parameters" not in body
    return web.Response(body=b"audio") if known else web.Response(status=400)


async def run_job(request):
    return web.json_response({"status": "COMPLETED", "output": {}})


async def speak_text(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.json()["type"] == "input.done":
            await socket.send_json({"type": "session.done"})
    return socket


async def outcomes_of(num_kinds, rate, seconds, seed):
    app = web.Application()
    app.router.add_post("/v1/audio/speech", speak)
    app.router.add_get("/v1/audio/speech/stream", speak_text)
    app.router.add_post("/runsync", run_job)
    async with TestServer(app) as server, aiohttp.ClientSession(server.make_url("/")) as session:
        load = SoakLoad(session, ["ada.ogg"], seed)
        while len({kind for kind, _ in load.outcomes}) < num_kinds:  # a slow machine sends fewer
            await load.arrive(rate, seconds)
    return load.outcomes


def test_every_kind_of_request_is_sent_and_counted():
    outcomes = asyncio.run(outcomes_of(num_kinds=6, rate=600, seconds=0.5, seed=1))
    assert ("speech", "200") in outcomes
    assert ("events", "200") in outcomes
    assert ("job", "COMPLETED") in outcomes
    assert ("text_stream", "session.done") in outcomes
    assert ("leaver", "left") in outcomes
    assert ("refused", "400") in outcomes


@pytest.mark.slow
def test_memory_is_drawn_and_reported_by_process(tmp_path, capsys):
    samples = [
        Sample(second, name, 1, mb + second, 1, 1)
        for second in range(10)
        for name, mb in (("Ingress", 100.0), ("tiny", 0.0))
    ]
    draw(samples, [(1, 2), (5, 6)], tmp_path / "soak.png")
    assert (tmp_path / "soak.png").read_bytes().startswith(b"\x89PNG")
    report(Soak(samples, [(1, 2), (5, 6)], {"speech 200": 3}))
    assert "Ingress" in capsys.readouterr().out
