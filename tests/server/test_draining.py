"""Stopping the server: SIGTERM, as a container's or RunPod's load balancer's end sends it."""

import signal

import httpx
import pytest

from tests.graph.conftest import wait_until
from tests.server.process import PATIENCE_S, side_by_side, without_warnings
from tests.texts import ENDLESS_REQUEST, PARAGRAPHS

pytestmark = pytest.mark.ray

SPEECH = {"input": PARAGRAPHS, "response_format": "pcm", "sample_rate": 44100}


@pytest.fixture(scope="module")
def servers():
    """A server as it is, and one that would speak without end."""
    with side_by_side({}, {"ECHO_MAX_TEXT_CHARS": "100000", "ECHO_MAX_AUDIO_S": "1e6"}) as servers:
        yield servers


def test_stream_under_way_at_sigterm_gets_its_whole_audio_before_the_server_exits(servers):
    server = servers[0]
    with (
        httpx.Client(base_url=server.url, timeout=PATIENCE_S) as client,
        client.stream("POST", "/v1/audio/speech", json=SPEECH) as response,
    ):
        arriving = response.iter_raw()
        audio = next(arriving)
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("Stopping: running requests have 120 s")
        wait_until(lambda: server.ping() == 503)
        refused = httpx.post(f"{server.url}/v1/audio/speech", json=SPEECH, timeout=PATIENCE_S)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "not_ready")
        assert refused.headers["Retry-After"]
        audio += b"".join(arriving)  # raises if it is cut
    assert server.wait() == 0
    before, _, after = server.output.partition("Stopping")
    [line] = [line for line in after.splitlines() if " completed: " in line]
    spoken_s = float(line.partition("audio_s=")[2].split()[0])
    assert " completed: " not in before
    assert len(audio) / 2 / 44100 == pytest.approx(spoken_s, abs=0.01)
    assert len(without_warnings(before)) < 10, before
    assert len(without_warnings(after)) <= 3, after  # what it stops, this request, the refused one


def test_ctrl_c_drains_and_once_more_ends_what_never_would(servers):
    server = servers[1]
    with httpx.stream(
        "POST", f"{server.url}/v1/audio/speech", json=ENDLESS_REQUEST, timeout=PATIENCE_S
    ) as response:
        arriving = response.iter_raw()
        assert next(arriving)
        server.interrupt()
        wait_until(lambda: server.ping() == 503)
        server.interrupt()
        with pytest.raises(httpx.RemoteProtocolError):
            list(arriving)
    assert server.wait() == 0
    assert "retries" not in server.output
    assert "Traceback" not in server.output
