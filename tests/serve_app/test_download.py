import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from engine.echo.checkpoints.published import FILES, find

pytestmark = pytest.mark.slow

COMMIT = "0" * 40
HANG_UP = "hang-up"


class Hub(BaseHTTPRequestHandler):
    """Serves every file of every repository to whoever brings the token; may hang up instead."""

    def do_HEAD(self):
        self._answer(b"")

    def do_GET(self):
        self._answer(self.path.encode())

    def _answer(self, body):
        if self.headers["Authorization"] == f"Bearer {HANG_UP}":
            self.close_connection = True
            return
        is_known = self.headers["Authorization"] == "Bearer the-token"
        self.send_response(200 if is_known else 401)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{abs(hash(self.path))}"')
        self.send_header("Content-Length", str(len(self.path)) if is_known else "0")
        self.end_headers()
        if is_known:
            self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def hub():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _download(hub, home, *options, token="the-token"):
    given = {"HF_ENDPOINT": hub, "HF_HOME": str(home), "HF_TOKEN": token, "NO_PROXY": "127.0.0.1"}
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
    return subprocess.run(
        [sys.executable, "-m", "serve_app", "download", *options],
        env=environment | given | {"HF_HUB_DISABLE_XET": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_download_fills_the_cache_that_the_engine_reads_offline(hub, tmp_path, monkeypatch):
    done = _download(hub, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "no commercial use" in done.stderr
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for file, printed in zip(FILES, done.stdout.split(), strict=True):
        path = find(file, None)
        assert str(path) == printed
        assert path.read_text() == f"/{file.repo}/resolve/main/{file.name}"


def test_download_fills_a_weights_folder(hub, tmp_path):
    done = _download(hub, tmp_path / "home", "--weights-dir", str(tmp_path / "weights"))
    assert done.returncode == 0, done.stderr
    for file in FILES:
        assert find(file, tmp_path / "weights").read_text().endswith(file.name)


@pytest.mark.parametrize("token", ["another", HANG_UP])
def test_download_that_fails_says_what_to_do(hub, tmp_path, token):
    done = _download(hub, tmp_path, token=token)
    assert done.returncode == 1
    assert "check the network and HF_TOKEN, or name a folder" in done.stderr
    assert "Traceback" not in done.stderr
