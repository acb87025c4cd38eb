"""A WebSocket route beside the others has their key check, request id and errors."""

import re

import pytest
from fastapi import WebSocket
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from deployments.http import routes
from deployments.http.request_id import request_id_of
from speech.errors import Overloaded


@pytest.fixture
def make_client(make_ingress, monkeypatch):
    """Return `make(**options)`: a client of an API with a further route, `/echo`.

    The route answers a text with the request id and fails on the texts of `FAILURES`.
    """
    make_router = routes.speech_routes

    def with_echo(*parts):
        router = make_router(*parts)

        @router.websocket("/echo")
        async def echo(websocket: WebSocket) -> None:
            if "refuse" in websocket.query_params:
                raise Overloaded
            await websocket.accept()
            async for text in websocket.iter_text():
                if text in FAILURES:
                    raise FAILURES[text]
                await websocket.send_text(request_id_of(websocket))

        return router

    monkeypatch.setattr(routes, "speech_routes", with_echo)
    return lambda **options: TestClient(make_ingress(**options).__serve_build_asgi_app__())


FAILURES = {"overload": Overloaded(), "break": RuntimeError("secret detail at /root/path")}


def test_websocket_has_a_request_id_that_its_handshake_tells(make_client):
    client = make_client()
    with client.websocket_connect("/echo") as websocket:
        websocket.send_text("Who am I?")
        given = websocket.receive_text()
    assert re.fullmatch("[0-9a-f]{32}", given)
    assert (b"x-request-id", given.encode()) in websocket.extra_headers
    with client.websocket_connect("/echo", headers={"X-Request-ID": "call-1"}) as websocket:
        websocket.send_text("Who am I?")
        assert websocket.receive_text() == "call-1"
    assert (b"x-request-id", b"call-1") in websocket.extra_headers


def test_websocket_without_the_key_is_refused_in_the_errors_shape(make_client):
    client = make_client(api_keys=["secret"])
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        client.websocket_connect("/echo", headers={"Authorization": "Bearer wrong"}),
    ):
        pass
    assert refused.value.status_code == 401
    assert refused.value.json()["error"]["code"] == "invalid_api_key"
    assert refused.value.headers["X-Request-ID"]
    with client.websocket_connect("/echo", headers={"Authorization": "Bearer secret"}) as websocket:
        websocket.send_text("Let me in.")
        assert websocket.receive_text()


def test_websocket_is_refused_by_its_close_code_where_responses_are_not_known(make_client):
    client = make_client()

    async def without_extension(scope, receive, send):
        await api({**scope, "extensions": {}}, receive, send)

    api, client.app = client.app, without_extension
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        TestClient(without_extension).websocket_connect("/echo?refuse"),
    ):
        pass
    assert (refused.value.code, refused.value.reason) == (1013, "Overloaded, retry later")


def test_error_on_an_open_websocket_is_a_message_before_it_closes(make_client):
    with make_client().websocket_connect("/echo") as websocket:
        websocket.send_text("overload")
        message = websocket.receive_json()
        with pytest.raises(WebSocketDisconnect) as closed:
            websocket.receive_json()
    error = {"type": "error", "message": "Overloaded, retry later", "code": "overloaded"}
    assert (message, closed.value.code) == (error, 1013)


def test_unforeseen_error_on_a_websocket_names_only_the_request(make_client):
    headers = {"X-Request-ID": "call-1"}
    with make_client().websocket_connect("/echo", headers=headers) as websocket:
        websocket.send_text("break")
        message = websocket.receive_json()
        with pytest.raises(WebSocketDisconnect) as closed:
            websocket.receive_json()
    assert message["message"] == "Internal error (request call-1)"
    assert (message["code"], closed.value.code) == ("internal_error", 1011)


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/no/such/path", 404, "Not Found: WebSocket /no/such/path"),
        ("/v1/audio/speech", 404, "Not Found: WebSocket /v1/audio/speech"),
        (
            "/v1/text-to-speech/otto/stream-input?inactivity_timeout=" + 1000 * "x",
            400,
            "Invalid 'inactivity_timeout': Input should be a valid number, "
            "unable to parse string as a number",
        ),
    ],
    ids=["unknown", "only-http", "parameter"],
)
def test_websocket_that_the_framework_refuses_is_told_why(make_client, path, status, message):
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        make_client().websocket_connect(path),
    ):
        pass
    assert refused.value.status_code == status
    assert refused.value.json()["error"]["message"] == message
    assert refused.value.headers["X-Request-ID"]
