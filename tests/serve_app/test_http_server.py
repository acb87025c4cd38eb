import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from serve_app import http_server
from serve_app.http_server import ping
from serve_app.settings import Settings


class Busy(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(503)


@pytest.fixture
def busy():
    with HTTPServer(("127.0.0.1", 0), Busy) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
def test_busy_server_is_there(monkeypatch, busy, host):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert ping(Settings(host=host, port=busy)) == 503


@pytest.mark.parametrize("listens", [False, True])
def test_port_that_is_closed_or_whose_owner_hangs_is_not(monkeypatch, listens):
    monkeypatch.setattr(http_server, "PING_S", 0.1)
    with socket.socket() as stopped:
        stopped.bind(("127.0.0.1", 0))
        if listens:
            stopped.listen()
        assert ping(Settings(port=stopped.getsockname()[1])) is None
