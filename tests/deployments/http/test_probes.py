"""Probes of a server that is starting, busy, or gone."""

import asyncio

import httpx
import pytest
from starlette.responses import JSONResponse, PlainTextResponse

from deployments.health_checks import CHECKS
from deployments.http import probes
from deployments.http.proxy import BEHIND_HAPROXY, middlewares


class Serve:
    """What is behind the middlewares in Serve's proxy, and what was asked of it."""

    def __init__(self, answer):
        self.answer, self.asked, self.hangs = answer, [], False

    async def __call__(self, scope, receive, send):
        self.asked.append(scope["path"])
        if self.hangs:
            await asyncio.Event().wait()
        await self.answer(scope, receive, send)


@pytest.fixture
async def ask(monkeypatch):
    """Return `ask(serve, *paths)`: the answers of Serve's proxy to requests sent at once."""
    clients = {}
    monkeypatch.delenv(BEHIND_HAPROXY, raising=False)

    async def ask(serve, *paths, method="GET", **options):
        monkeypatch.setattr(probes, "PROMPT_S", 0.01 if serve.hangs else 300)
        monkeypatch.setattr(probes, "PATIENCE_S", 0.02 if serve.hangs else 300)
        if serve not in clients:
            app = serve
            for middleware in middlewares():
                app = middleware.cls(app, *middleware.args)
            transport = httpx.ASGITransport(app)
            clients[serve] = httpx.AsyncClient(transport=transport, base_url="http://graph")
        send = clients[serve].request
        return await asyncio.gather(*(send(method, path, **options) for path in paths))

    yield ask
    for client in clients.values():
        await client.aclose()


NO_APP = PlainTextResponse("Path '/ping' not found.", 404)
FULL = PlainTextResponse("Request dropped due to backpressure", 503)
READY = JSONResponse({"status": "healthy"})


@pytest.mark.parametrize("hangs", [False, True])
async def test_server_that_is_starting_answers_204(ask, hangs):
    serve = Serve(NO_APP)
    serve.hangs = hangs
    ping, health = await ask(serve, "/ping", "/health")
    assert (ping.status_code, ping.content) == (204, b"")
    assert len(ping.headers.get_list("X-Request-ID")) == 1
    report = health.json()
    assert (health.status_code, report["status"]) == (503, "unhealthy")
    assert set(report["checks"]) == set(CHECKS)
    assert report["checks"]["audio_files"]["count"] == 0


@pytest.mark.parametrize("hangs", [False, True])
async def test_fallback_behind_haproxy_takes_no_lost_server_for_a_new_one(ask, monkeypatch, hangs):
    monkeypatch.setenv(BEHIND_HAPROXY, "1")
    serve = Serve(NO_APP)
    serve.hangs = hangs
    [ping] = await ask(serve, "/ping")
    assert (ping.status_code, ping.json()["error"]["code"]) == (503, "not_ready")


@pytest.mark.parametrize("path", ["/ping", "/health"])
async def test_last_answer_stands_in_for_a_busy_ingress(ask, path):
    serve = Serve(READY)
    await ask(serve, path)
    serve.answer = FULL
    [refused] = await ask(serve, path)
    serve.hangs = True
    [late] = await ask(serve, path)
    assert [(answer.status_code, answer.content) for answer in (refused, late)] == [
        (200, READY.body)
    ] * 2


async def test_ingress_that_is_gone_is_503_at_last(ask, monkeypatch):
    serve = Serve(READY)
    await ask(serve, "/ping", "/health")
    monkeypatch.setattr(probes, "KEEP_S", 0)
    serve.hangs = True
    ping, health = await ask(serve, "/ping", "/health")
    assert (ping.status_code, ping.json()["error"]["code"]) == (503, "not_ready")
    assert ping.headers["Retry-After"]
    assert (health.status_code, health.json()["status"]) == (503, "unhealthy")


async def test_probes_that_come_together_ask_once(ask):
    serve = Serve(READY)
    answers = await ask(serve, *["/ping"] * 50)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["X-Request-ID"] for answer in answers}) == 50
    assert serve.asked == ["/ping"]


async def test_answer_is_as_new_as_the_ingress_is_quick(ask):
    serve = Serve(READY)
    await ask(serve, "/ping")
    serve.answer = JSONResponse({"error": "stopping"}, 503)
    [answer] = await ask(serve, "/ping")
    assert (answer.status_code, answer.json()) == (503, {"error": "stopping"})


async def test_page_and_other_methods_ask_the_ingress_itself(ask):
    serve = Serve(JSONResponse({}, headers={"Access-Control-Allow-Origin": "https://page"}))
    await ask(serve, "/health", headers={"Origin": "https://page"})
    await ask(serve, "/health", "/v2/any/health", method="POST")
    [own] = await ask(serve, "/health")
    assert len(serve.asked) == 4
    assert own.status_code == 200


@pytest.mark.parametrize(
    ("routes", "status"),
    [
        (PlainTextResponse("Route table is not populated yet.", 503), 503),
        (JSONResponse({}), 503),
        (JSONResponse({"/tts": "default"}), 404),
    ],
)
async def test_requests_before_the_graph_is_there_are_503(ask, routes, status):
    async def answer(scope, receive, send):
        response = routes if scope["path"] == "/-/routes" else NO_APP
        await response(scope, receive, send)

    [answer] = await ask(Serve(answer), "/v1/audio/speech", method="POST")
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == ("not_ready" if status == 503 else None)
    assert ("Retry-After" in answer.headers) == (status == 503)
