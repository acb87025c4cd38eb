"""What Serve's own proxy answers, on a real cluster."""

import http.client
import socket
import threading
from urllib.parse import urlsplit

import httpx
import pytest

from tests.graph.conftest import open_jobs, replicas, wait_until
from tests.texts import PARAGRAPHS

pytestmark = pytest.mark.ray

BODY = {"input": "Good evening.", "response_format": "pcm", "seed": 1}


@pytest.fixture
def client(graph):
    with httpx.Client(base_url=graph, timeout=120) as client:
        yield client


@pytest.mark.parametrize("given", [b"caf\xe9", b"x" * 5000, b"odd id"])
def test_unusable_request_id_is_replaced_once(client, given):
    response = client.get("/ping", headers=[(b"X-Request-ID", given)])
    assert response.status_code == 200
    [request_id] = response.headers.get_list("X-Request-ID")
    assert request_id.isalnum()


def test_caller_cannot_set_serves_own_timeout(client):
    response = client.post(
        "/v1/audio/speech", json=BODY, headers={"X-Request-Timeout-Seconds": "0.01"}
    )
    assert response.status_code == 200


def test_http10_client_gets_no_chunks(client, graph):
    whole = client.post("/v1/audio/speech", json=BODY).content
    address = urlsplit(graph)
    body = httpx.Request("POST", graph, json=BODY).content
    head = (
        f"POST {address.path}/v1/audio/speech HTTP/1.0\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(head.encode() + body)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.getheader("Transfer-Encoding") is None
        assert int(answer.getheader("Content-Length")) == len(whole)
        assert answer.read() == whole


def test_ingress_that_dies_is_an_error_in_our_shape(pair):
    url, _ = pair
    answers = []
    with httpx.Client(base_url=url, timeout=120) as client:  # one connection for all that it asks
        wait_until(lambda: client.get("/ping").status_code == 200, 120)

        def speak():
            body = {"text": PARAGRAPHS, "seed": 1}
            answers.append(client.post("/runsync", json={"input": body}))

        speaking = threading.Thread(target=speak)
        speaking.start()
        wait_until(lambda: open_jobs("pair") > 0)
        for process in replicas("pair", "Ingress"):
            process.kill()
        speaking.join()
    wait_until(lambda: httpx.get(f"{url}/ping", timeout=60).status_code == 200)
    [answer] = answers
    assert answer.status_code == 500
    [request_id] = answer.headers.get_list("X-Request-ID")
    assert answer.json()["error"]["message"] == f"Internal error (request {request_id})"
