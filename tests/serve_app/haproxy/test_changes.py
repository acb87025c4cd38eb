"""What becomes of connections when ingresses, or HAProxy's own parent, come and go."""

import asyncio
import sys

import httpx
import psutil
import pytest

from serve_app.haproxy.choice import haproxy_binary
from tests.graph.conftest import wait_until
from tests.serve_app.haproxy.conftest import backends, ingress

pytestmark = [
    pytest.mark.skipif(haproxy_binary() is None, reason="no HAProxy here"),
    pytest.mark.slow,
]

PING = b"GET /ping HTTP/1.1\r\nHost: a\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"


async def test_stream_under_way_is_whole_after_a_change_of_ingresses(start):
    changed = asyncio.Event()

    async def stream(request, writer):
        writer.write(HEAD + b"first")
        await writer.drain()
        await changed.wait()
        writer.write(b"later")

    async def answer(request, writer):
        writer.write(HEAD + b"the second")

    async with (
        ingress(stream) as old,
        ingress(answer) as new,
        start([old]) as (url, _, api),
        httpx.AsyncClient(timeout=60) as client,
        client.stream("GET", url) as response,
    ):
        arriving = response.aiter_raw()
        assert await anext(arriving) == b"first"
        api.set_backend_configs(backends([new]))
        await api.reload()
        assert (await client.get(url)).text == "the second"
        changed.set()
        assert b"".join([part async for part in arriving]) == b"later"


async def test_first_request_of_a_connection_is_answered_whatever_changes(start):
    async with start([]) as (url, _, api):
        port = httpx.URL(url).port
        (reader, writer), (idle_reader, idle_writer) = [
            await asyncio.open_connection("127.0.0.1", port) for _ in range(2)
        ]
        idle_writer.write(PING)
        await idle_reader.readuntil(b"\r\n\r\n")
        await api.reload()
        assert await idle_reader.read() == b""  # closed, for it would know of old ingresses only
        writer.write(PING)
        assert (await reader.readline()).startswith(b"HTTP/1.1 204")
        for each in (writer, idle_writer):
            each.close()


async def test_haproxy_ends_with_the_process_that_started_it(start):
    async with start([]) as (_, folder, api):
        await api.stop()
        parent = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "import subprocess, sys; "
            "print(subprocess.Popen(sys.argv[1:]).pid, flush=True); sys.stdin.read()",
            *(f"{folder}/haproxy", "-db", "-f", f"{folder}/haproxy.cfg"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        child = psutil.Process(int(await parent.stdout.readline()))
        await asyncio.to_thread(wait_until, lambda: is_haproxy(child))
        parent.kill()
        await parent.communicate()
        await asyncio.to_thread(wait_until, lambda: has_ended(child))


def is_haproxy(process):
    return process.cmdline()[:1] == [haproxy_binary()]


def has_ended(process):
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
