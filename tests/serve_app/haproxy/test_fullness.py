"""A HAProxy that is full takes no probe, but is not lost: it says so on its own socket."""

import asyncio

import pytest

from serve_app import http_server
from serve_app.haproxy import choice
from serve_app.haproxy.choice import haproxy_binary
from serve_app.haproxy.fullness import is_full
from serve_app.http_server import ping
from serve_app.settings import Settings
from tests.graph.conftest import wait_until

pytestmark = [
    pytest.mark.skipif(haproxy_binary() is None, reason="no HAProxy here"),
    pytest.mark.slow,
]


async def test_full_port_is_told_from_a_lost_one(start, monkeypatch):
    monkeypatch.setattr(choice, "MAX_CONNECTIONS", 2)
    monkeypatch.setattr(http_server, "PING_S", 0.2)
    async with start([]) as (url, *_):
        port = int(url.rpartition(":")[2])
        assert not is_full()
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        await asyncio.to_thread(wait_until, is_full)
        assert await asyncio.to_thread(ping, Settings(port=port)) is None
        for _, writer in held:
            writer.close()
        await asyncio.to_thread(wait_until, lambda: not is_full())
    assert not is_full()
