import gzip
import os

import httpx
import pytest
from fastapi import FastAPI

from deployments.http import compatibility
from deployments.http.compatibility import add_compatibility

BODY = {"input": "Hello there.", "response_format": "pcm", "seed": 1}
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("path", ["/", "/ping", "/health", "/docs", "/openapi.json", "/v1/models"])
def test_head_answers_as_get_without_a_body(api, path):
    asked, told = api.get(path), api.head(path)
    assert told.status_code == asked.status_code == 200
    assert told.content == b""
    assert told.headers.get("Content-Type") == asked.headers.get("Content-Type")


def test_head_of_what_only_takes_post_is_405(api):
    assert api.head("/runsync").status_code == 405


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/ping", {"GET", "HEAD"}), ("/openapi.json", {"GET", "HEAD"}), ("/runsync", {"POST"})],
)
def test_allow_lists_head_wherever_it_is_answered(api, path, allowed):
    refused = api.options(path)
    assert refused.status_code == 405
    assert set(refused.headers["Allow"].split(", ")) == allowed


def test_path_with_a_slash_answers_like_the_one_without(api):
    plain = api.post("/v1/audio/speech", json=BODY)
    slashed = api.post("/v1/audio/speech/", json=BODY)
    assert slashed.status_code == 200
    assert slashed.content == plain.content
    assert api.get("/ping/").status_code == 200
    assert api.get("/nowhere/").status_code == 404
    for method in ("GET", "POST"):  # nor is it redirected to the one with a slash, and back
        assert api.request(method, "/v1/text-to-speech").status_code == 404


@pytest.mark.parametrize("root", ["", "/graph"])
async def test_first_page_keeps_its_slash_wherever_it_is_mounted(root):
    api = FastAPI()
    add_compatibility(api)
    api.get("/")(lambda: "page")
    transport = httpx.ASGITransport(api, root_path=root)
    async with httpx.AsyncClient(transport=transport, base_url="http://graph") as client:
        assert (await client.get(f"{root}/")).json() == "page"


async def ask_as_http10(app, path):
    """Return the messages that an HTTP/1.0 client of an ASGI application gets."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "http_version": "1.0", "method": "GET", "path": path, "headers": []}
    await app(scope, receive, send)
    return sent


async def test_http10_client_gets_the_length_and_no_parts():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for part in (b"one", b"two"):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})

    start, body = await ask_as_http10(compatibility.WholeResponseForHTTP10(app), "/")
    assert (b"content-length", b"6") in start["headers"]
    assert body == {"type": "http.response.body", "body": b"onetwo"}


def test_model_is_told_by_its_id_and_others_are_404(api):
    [listed] = api.get("/v1/models").json()["data"]
    assert api.get("/v1/models/tone").json() == listed
    for other in ("tts-1", "some/model", "x" * 5000):
        missing = api.get(f"/v1/models/{other}")
        error = missing.json()["error"]
        assert (missing.status_code, error["code"]) == (404, "model_not_found")
        assert error["type"] == "invalid_request_error"
        assert len(missing.content) < 500


def test_gzip_body_is_read(api):
    plain = api.post("/v1/audio/speech", json=BODY)
    raw = plain.request.content
    padded = raw[:-1] + f', "x": "{os.urandom(9000).hex()}"}}'.encode()
    for packed in (
        gzip.compress(raw),
        gzip.compress(raw[:9]) + gzip.compress(raw[9:]),
        gzip.compress(b"") * 50_000 + gzip.compress(padded),
        b"".join(gzip.compress(padded[at : at + 7000]) for at in range(0, len(padded), 7000)),
    ):
        headers = {**JSON, "Content-Encoding": "gzip"}
        answer = api.post("/v1/audio/speech", content=packed, headers=headers)
        assert answer.status_code == 200
        assert answer.content == plain.content


@pytest.mark.parametrize(
    ("body", "encoding", "status", "words"),
    [
        (gzip.compress(b" " * 50_000_000), "gzip", 413, "too large"),
        (gzip.compress(os.urandom(500))[:-20], "gzip", 400, "not valid gzip"),
        (gzip.compress(b" ") + gzip.compress(os.urandom(5000))[:4096], "gzip", 400, "ends early"),
        (b'{"input": "Hello."}', "gzip", 400, "not valid gzip"),
        (b"\x1b\x00", "br", 400, "Content-Encoding: gzip"),
        (b"", "gzip", 400, "not valid JSON"),
    ],
)
def test_body_that_cannot_be_unpacked_is_refused_as_such(api, body, encoding, status, words):
    headers = {**JSON, "Content-Encoding": encoding}
    answer = api.post("/v1/audio/speech", content=body, headers=headers)
    assert answer.status_code == status
    assert words in answer.json()["error"]["message"]
