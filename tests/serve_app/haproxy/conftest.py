"""A real HAProxy, configured as Ray Serve configures it, in front of a server of the test's."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest
from ray.serve._private import haproxy as rays
from ray.serve.config import HTTPOptions

from serve_app.haproxy import choice
from serve_app.settings import Settings
from tests.graph.conftest import free_port, private_temp_dir


@pytest.fixture
def start(monkeypatch):
    """Return `start(ports, **settings)`: a running HAProxy before the ingresses at `ports`."""

    @asynccontextmanager
    async def start(ports, **settings):
        with private_temp_dir() as temp_dir:
            port = free_port()
            monkeypatch.setattr(choice.tempfile, "mkdtemp", lambda **_: temp_dir)
            monkeypatch.setattr(choice.os, "environ", dict(choice.os.environ))
            choice.choose_proxy(Settings(proxy="haproxy", port=port, **settings))
            environ = choice.os.environ
            monkeypatch.setattr(
                rays, "RAY_SERVE_HAPROXY_BINARY_PATH", environ["RAY_SERVE_HAPROXY_BINARY_PATH"]
            )
            config = rays.HAProxyConfig(
                http_options=HTTPOptions(host="127.0.0.1", port=port),
                socket_path=f"{temp_dir}/admin.sock",
                server_state_base=temp_dir,
                server_state_file=f"{temp_dir}/server-state",
                metrics_enabled=False,
                retries=5,
                maxconn=int(environ["RAY_SERVE_HAPROXY_MAXCONN"]),
                hard_stop_after_s=int(environ["RAY_SERVE_HAPROXY_HARD_STOP_AFTER_S"]),
            )
            api = rays.HAProxyApi(cfg=config, config_file_path=f"{temp_dir}/haproxy.cfg")
            api.set_backend_configs(backends(ports))
            await api.start()
            try:
                yield f"http://127.0.0.1:{port}", temp_dir, api
            finally:
                await api.stop()

    return start


def backends(ports):
    """Return what Serve tells HAProxy of ingresses at `ports`."""
    servers = [
        rays.ServerConfig(name=f"SERVE_REPLICA-{port}", host="127.0.0.1", port=port)
        for port in ports
    ]
    backend = rays.BackendConfig(name="http-default", path_prefix="/", servers=servers)
    return {"http-default": backend} if servers else {}


@asynccontextmanager
async def ingress(answer):
    """Yield the port of a server that gives every request to `answer(request, writer)`."""

    async def handle(reader, writer):
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while not writer.is_closing():
                request = await reader.readuntil(b"\r\n\r\n")
                if b" /-/healthz " in request:
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                    await writer.drain()
                else:
                    await answer(request.decode(), writer)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
