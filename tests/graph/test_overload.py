"""A server whose places are all taken, and one that is sent bodies that never end."""

import selectors
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest
from ray import serve

from tests.graph.conftest import get, wait_until
from tests.texts import ENDLESS_REQUEST

pytestmark = pytest.mark.ray

MAX_REQUESTS = 2
MAX_BODIES = 100
REFUSED = b"HTTP/1.1 503"
SPEECH = {"input": "Good evening.", "response_format": "pcm", "seed": 1}


@pytest.fixture(scope="module")
def url(deploy, graph_voices):
    """The address of a small graph that is ready."""
    url, _ = deploy(
        "small",
        voices_dir=str(graph_voices),
        max_requests=MAX_REQUESTS,
        max_bodies=MAX_BODIES,
        body_timeout_s=600,
        max_text_chars=100_000,
        max_audio_s=1e6,
    )
    wait_until(lambda: get(f"{url}/ping").status_code == 200, 120)
    yield url
    serve.delete("small")


def refused_probes(url, count):
    """Return what refuses a place to one of `count` probes of either kind, all sent at once."""
    paths = ["/ping", "/health"] * count
    with ThreadPoolExecutor(len(paths)) as pool:
        asked = [pool.submit(get, f"{url}{path}") for path in paths]
    texts = [answer.result().text for answer in asked]
    return [text for text in texts if "overloaded" in text]


def test_probes_are_answered_while_all_places_are_taken(url):
    with httpx.Client(base_url=url, timeout=120) as client, ExitStack() as streams:
        for _ in range(MAX_REQUESTS):
            stream = client.stream("POST", "/v1/audio/speech", json=ENDLESS_REQUEST)
            assert streams.enter_context(stream).status_code == 200
        with ThreadPoolExecutor(64) as pool:
            refused = [pool.submit(client.post, "/v1/audio/speech", json=SPEECH) for _ in range(64)]
            assert refused_probes(url, 8) == []
        assert {answer.result().status_code for answer in refused} == {503}


def test_half_sent_bodies_keep_nobody_out(url):
    address = urlsplit(url)
    head = (
        f"POST {address.path}/v1/audio/speech HTTP/1.1\r\nHost: x\r\n"
        "Content-Type: application/json\r\nContent-Length: 99999\r\n\r\n"
    )
    begin = head + 20_000 * "{"  # HAProxy itself waits for the rest of a shorter body
    with ExitStack() as stack, selectors.DefaultSelector() as answered:
        for _ in range(2 * MAX_BODIES):
            sending = stack.enter_context(
                socket.create_connection((address.hostname, address.port))
            )
            sending.sendall(begin.encode())
            answered.register(sending, selectors.EVENT_READ)
        assert refused_probes(url, 4) == []

        def speaks():
            return httpx.post(f"{url}/v1/audio/speech", json=SPEECH, timeout=120).status_code == 200

        wait_until(speaks)  # once the bodies are slow, a second after they began
        wait_until(lambda: len(answered.select(0)) >= MAX_BODIES)
        refused = {key.fileobj.recv(len(REFUSED)) for key, _ in answered.select(0)}
    assert refused == {REFUSED}
