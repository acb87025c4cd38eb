"""What HAProxy answers by itself, and where it listens; the binary is the real one."""

import asyncio
import socket

import httpx
import psutil
import pytest

from deployments.http.request_id import HEADER
from serve_app.haproxy import choice, edits
from serve_app.haproxy.choice import haproxy_binary
from tests.graph.conftest import free_port
from tests.serve_app.haproxy.conftest import ingress

pytestmark = [
    pytest.mark.skipif(haproxy_binary() is None, reason="no HAProxy here"),
    pytest.mark.slow,
]


async def die(request, writer):
    """Take a request and go, as an ingress that is killed."""
    writer.close()


async def ask(url, path="/v1/audio/speech", **options):
    async with httpx.AsyncClient(timeout=60) as client:
        return await client.get(url + path, **options)


def check_shape(answer, status):
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/json"
    [request_id] = answer.headers.get_list(HEADER)
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    return answer.json()["error"], request_id


async def test_ingress_that_dies_is_an_internal_error(start):
    async with ingress(die) as port, start([port]) as (url, *_):
        error, request_id = check_shape(await ask(url), 500)
    assert error["message"] == f"Internal error (request {request_id})"


@pytest.mark.parametrize("body", [b"", b"x" * 300_000])
async def test_ingress_that_dies_later_on_a_connection_is_told_as_well(start, body):
    async def answer_once(request, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()

    answers = [answer_once, die]

    async def answer(request, writer):
        await answers.pop(0)(request, writer)

    async with (
        ingress(answer) as port,
        start([port]) as (url, *_),
        httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=1)) as client,
    ):
        assert (await client.get(url)).text == "ok"
        check_shape(await client.post(url, content=body), 500)


async def test_usable_id_of_the_caller_is_kept(start):
    async with ingress(die) as port, start([port]) as (url, *_):
        _, request_id = check_shape(await ask(url, headers={HEADER: "mine-1"}), 500)
    assert request_id == "mine-1"


@pytest.mark.parametrize("given", ["x" * 200, "odd id", "-"])
async def test_unusable_id_is_replaced(start, given):
    async with ingress(die) as port, start([port]) as (url, *_):
        _, request_id = check_shape(await ask(url, headers={HEADER: given}), 500)
    assert request_id.isalnum()
    assert request_id != given


async def test_no_ingress_left_is_overloaded(start):
    async with start([free_port()]) as (url, *_):
        answer = await ask(url)
    error, _ = check_shape(answer, 503)
    assert error["code"] == "overloaded"
    assert answer.headers["Retry-After"]


async def test_server_without_an_ingress_yet_is_starting(start):
    async with start([]) as (url, *_):
        ping, health, speech = [await ask(url, path) for path in ("/ping", "/health", "/v1/models")]
    assert ping.status_code == 204
    assert ping.headers[HEADER]
    assert health.status_code == 503
    assert health.json()["status"] == "unhealthy"
    assert check_shape(speech, 503)[0]["code"] == "not_ready"


async def test_server_that_has_lost_its_ingresses_answers_503_to_all(start):
    async with start([free_port()]) as (url, _, api):
        api.set_backend_configs({})
        await api.reload()
        paths = ("/ping", "/health", "/v1/models", "/v1/audio/speech/stream")
        ping, health, *others = [await ask(url, path) for path in paths]
    assert health.status_code == 503
    assert health.json()["status"] == "unhealthy"
    for answer in (ping, *others):
        assert check_shape(answer, 503)[0]["code"] == "not_ready"
        assert answer.headers["Retry-After"]


async def test_request_that_never_ends_its_headers_is_ended(start, monkeypatch):
    monkeypatch.setattr(edits, "_HEADERS_S", 1)
    async with start([]) as (url, *_):
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n")
        answer = await reader.read()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 408")


async def test_only_the_http_port_is_open(start):
    async with start([free_port()], host="127.0.0.1") as (url, folder, api):
        connections = psutil.Process(api._proc.pid).net_connections("tcp")
        listening = [(c.laddr.ip, c.laddr.port) for c in connections if c.status == "LISTEN"]
        transport = httpx.AsyncHTTPTransport(uds=f"{folder}/metrics.sock")
        async with httpx.AsyncClient(transport=transport) as client:
            metrics = await client.get("http://haproxy/metrics")
    assert set(listening) == {("127.0.0.1", httpx.URL(url).port)}
    assert "haproxy_frontend_http_requests_total" in metrics.text


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


IPV6 = pytest.param("::", marks=pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here"))


@pytest.mark.parametrize("host", ["0.0.0.0", IPV6])
async def test_address_asked_for_is_listened_on(start, host):
    async with start([], host=host) as (url, _, api):
        connections = psutil.Process(api._proc.pid).net_connections("tcp")
        assert {c.laddr.ip for c in connections if c.status == "LISTEN"} == {host}
        assert (await ask(url, "/ping")).status_code == 204  # at 127.0.0.1


async def test_body_that_never_ends_is_408_and_keeps_no_connection(start):
    async with ingress(die) as port, start([port], body_timeout_s=0.2) as (url, *_):
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port)
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{")
        answer = await reader.read()  # until it is closed
        writer.close()
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"code":"body_timeout"' in answer


@pytest.mark.parametrize("sent", [0, 50_000_000])
async def test_body_that_says_it_is_too_large_is_413_at_once(start, sent):
    async with ingress(die) as port, start([port], max_body_bytes=2000) as (url, *_):
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port)
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n")
        writer.write(bytes(sent))  # whether anybody reads it or not
        answer = await reader.readuntil(b"}}")
        writer.close()
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"Request body too large (max 2000 bytes)" in answer


async def test_page_is_left_to_the_ingress_which_knows_whether_it_may_read_the_answer(start):
    body, headers = bytes(50_000), {"Origin": "https://a.example"}
    async with (
        ingress(die) as port,
        start([port], max_body_bytes=2000) as (url, *_),
        httpx.AsyncClient() as client,
    ):
        answer = await client.post(url, content=body, headers=headers)
    check_shape(answer, 500)


@pytest.mark.parametrize("max_files", [128, 1024])
async def test_host_that_allows_few_open_files_is_served(start, monkeypatch, tmp_path, max_files):
    limited = tmp_path / "haproxy"
    limited.write_text(f'#!/bin/sh\nulimit -n {max_files}\nexec {haproxy_binary()} "$@"\n')
    limited.chmod(0o700)
    monkeypatch.setattr(choice, "haproxy_binary", lambda: str(limited))
    monkeypatch.setattr(choice.resource, "getrlimit", lambda _: (max_files, max_files))
    async with start([]) as (url, *_):
        assert (await ask(url, "/ping")).status_code == 204


async def test_limits_that_are_meant_as_none_start_it(start):
    async with start([], deadline_s=1e9, body_timeout_s=1e9) as (url, *_):
        assert (await ask(url, "/ping")).status_code == 204
