import asyncio
import json
import os
import socket
from contextlib import asynccontextmanager

import httpx
import pytest
from ray.serve._private import http_util
from ray.serve.config import HTTPOptions
from starlette.responses import JSONResponse, PlainTextResponse
from uvicorn.protocols.utils import ClientDisconnected
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from deployments.http.errors import RETRY_AFTER_S
from deployments.http.proxy import OneErrorShape
from serve_app.environment import set_ray_defaults


async def ask(app, path="/v1/audio/speech", headers=None):
    """Return the answer that the proxy gives of an application's, and the headers it got."""
    seen = []

    async def note(scope, receive, send):
        seen.extend(scope["headers"])
        await app(scope, receive, send)

    transport = httpx.ASGITransport(OneErrorShape(note))
    async with httpx.AsyncClient(transport=transport, base_url="http://graph") as client:
        return await client.post(path, headers=headers), seen


def ids(response):
    return response.headers.get_list("X-Request-ID")


@pytest.mark.parametrize("status", [404, 408, 429, 500, 503])
async def test_plain_error_of_serve_comes_in_openais_shape(status):
    response, _ = await ask(PlainTextResponse("Serve's own words", status))
    error = response.json()["error"]
    assert response.status_code == status
    assert set(error) == {"message", "type", "param", "code"}
    assert "Serve" not in error["message"]
    assert len(ids(response)) == 1
    if status == 503:
        assert response.headers["Retry-After"] == str(RETRY_AFTER_S)
    if status == 500:
        assert ids(response)[0] in error["message"]


async def test_answer_to_a_client_that_has_left_passes():
    response, _ = await ask(PlainTextResponse("Client disconnected", 499))
    assert (response.status_code, response.text) == (499, "Client disconnected")


async def test_websocket_whose_client_has_left_can_still_be_sent_to():
    sent = []

    async def answer(scope, receive, send):
        await send({"type": "websocket.close"})
        sent.append("later")

    async def gone(message):
        raise ClientDisconnected

    scope = {"type": "websocket", "path": "/", "headers": []}
    await OneErrorShape(answer)(scope, None, gone)
    assert sent == ["later"]


async def test_error_that_leaves_serve_is_500_with_the_id():
    async def dies(scope, receive, send):
        raise ConnectionError("10.0.0.1 is gone")

    response, _ = await ask(dies, headers={"X-Request-ID": "mine"})
    assert response.status_code == 500
    assert response.json()["error"]["message"] == "Internal error (request mine)"
    assert ids(response) == ["mine"]


async def test_error_within_an_answer_still_breaks_it_off():
    async def dies_later(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"audio", "more_body": True})
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await ask(dies_later)


@pytest.mark.parametrize("answer", [JSONResponse({"a": 1}, 400), PlainTextResponse("fine")])
async def test_other_answers_pass_as_they_are(answer):
    response, _ = await ask(answer)
    assert (response.status_code, response.content) == (answer.status_code, answer.body)


async def test_serves_probes_keep_their_words():
    response, _ = await ask(PlainTextResponse("no routes", 503), path="/-/healthz")
    assert response.text == "no routes"


@pytest.mark.parametrize("given", [b"caf\xc3\xa9", b"\xff\xfe", b"x" * 5000, b"a b", b""])
async def test_unusable_id_is_replaced_before_serve_sees_it(given):
    _, seen = await ask(PlainTextResponse("fine"), headers=[(b"X-Request-ID", given)])
    [request_id] = [value for name, value in seen if name == b"x-request-id"]
    assert request_id != given
    assert request_id.isalnum()


async def test_headers_by_which_serve_is_steered_are_dropped():
    steering = {
        "X-Request-Timeout-Seconds": "0.01",
        "x-request-disconnect-disabled": "?1",
        "serve-multiplexed-model-id": "x",
        "serve_multiplexed_model_id": "x",
        "X-Session-Id": "x",
    }
    _, seen = await ask(PlainTextResponse("fine"), headers={**steering, "X-Other": "stays"})
    names = {name.decode().lower() for name, _ in seen}
    assert names.isdisjoint(name.lower() for name in steering)
    assert "x-other" in names


@asynccontextmanager
async def listening(app, monkeypatch):
    """Yield the port of the HTTP server that Serve's proxy runs."""
    variable = "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH"
    environ = os.environ
    monkeypatch.setattr(os, "environ", {})
    set_ray_defaults()
    monkeypatch.setattr(http_util, variable, os.environ[variable])
    monkeypatch.setattr(os, "environ", environ)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = http_util.configure_http_middlewares(HTTPOptions(host="127.0.0.1", port=port))
    loop = asyncio.get_running_loop()
    serving, server = await http_util.start_asgi_http_server(app, options, event_loop=loop)
    while not server.started:  # noqa: ASYNC110 (the server sends no event)
        await asyncio.sleep(0.01)
    yield port
    server.should_exit = True
    await serving


@asynccontextmanager
async def served(app, monkeypatch):
    """Yield `ask(raw)`, which sends bytes to the HTTP server that Serve's proxy runs."""

    async def ask(raw):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(raw)
        answer = await reader.read()
        writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        return head.decode().lower(), body

    async with listening(app, monkeypatch) as port:
        yield ask


async def test_serves_own_server_answers_in_shape(monkeypatch):
    async def dies(scope, receive, send):
        raise ConnectionError

    async with served(dies, monkeypatch) as ask:
        raw = b"GET / HTTP/1.1\r\nHost: x\r\nX-Request-ID: caf\xe9\r\nConnection: close\r\n\r\n"
        head, body = await ask(raw)
    assert head.startswith("http/1.1 500")
    assert head.count("x-request-id") == 1
    assert json.loads(body)["error"]["code"] == "internal_error"


async def test_websocket_whose_client_would_compress_is_plain(monkeypatch):
    async def accepts(scope, receive, send):
        await send({"type": "websocket.accept"})

    raw = (
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    )
    async with served(accepts, monkeypatch) as ask:
        head, _ = await ask(raw)
    assert head.startswith("http/1.1 101")
    assert "sec-websocket-extensions" not in head


async def test_message_far_beyond_a_bodys_size_ends_the_connection(make_ingress, monkeypatch):
    app = make_ingress(limits={"max_body_bytes": 2000}).__serve_build_asgi_app__()
    async with (
        listening(app, monkeypatch) as port,
        connect(f"ws://127.0.0.1:{port}/v1/audio/speech/stream") as websocket,
    ):
        await websocket.send(4000 * "x")
        assert json.loads(await websocket.recv())["code"] == "body_too_large"
        await websocket.send(4001 * "x")
        with pytest.raises(ConnectionClosedError) as closed:
            await websocket.recv()
    assert closed.value.rcvd.code == 1009


async def test_http10_client_of_serves_own_server_gets_no_chunks(make_ingress, monkeypatch):
    app = make_ingress().__serve_build_asgi_app__()
    body = json.dumps({"input": "Hello.", "response_format": "pcm", "seed": 1}).encode()
    line = "POST /v1/audio/speech/ HTTP/1.0\r\nContent-Type: application/json\r\n"
    raw = f"{line}Content-Length: {len(body)}\r\n\r\n".encode() + body
    async with served(app, monkeypatch) as ask:
        head, audio = await ask(raw)
        again, _ = await ask(raw.replace(b"HTTP/1.0", b"HTTP/1.1\r\nHost: x\r\nConnection: close"))
    assert "transfer-encoding" not in head
    assert f"content-length: {len(audio)}" in head
    assert "transfer-encoding: chunked" in again
