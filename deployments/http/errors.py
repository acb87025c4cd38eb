"""Errors as HTTP responses and WebSocket messages. Only here an error becomes either."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.exceptions import (
    RequestValidationError,
    ValidationException,
    WebSocketRequestValidationError,
)
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketState

from deployments.http.request_id import request_id_of
from speech.errors import (
    InternalError,
    InvalidRequest,
    SpeechError,
    error_behind,
    one_line,
    shorten,
)

logger = logging.getLogger(__name__)

RETRY_AFTER_S = 2
"""Seconds that a refused client is told to wait."""

MAX_REQUEST_LINE_CHARS = 200
"""The most characters of a method and a path that an error repeats."""

OPENAI_FIELDS: Mapping[str, str] = {"speaker_voice": "voice"}
"""Names of OpenAI's fields where the job contract, which errors speak of, has others."""

_CLOSE_CODES = {500: 1011, 503: 1013}
"""WebSocket close codes by HTTP status: server error, try again later. The rest is the client's."""
_POLICY_VIOLATION = 1008


class ErrorDetail(BaseModel):
    """One error, as OpenAI's API tells it."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(BaseModel):
    """The body of every answer that is an error."""

    error: ErrorDetail


def add_error_handlers(api: FastAPI) -> None:
    """Answer every error in OpenAI's shape over HTTP, in ours over a WebSocket."""

    @api.exception_handler(SpeechError)
    async def speech_error(connection: Request | WebSocket, error: SpeechError) -> Response | None:
        if isinstance(connection, WebSocket):
            await end_websocket(connection, error)
            return None
        return error_response(error)

    @api.exception_handler(HTTPException)
    async def framework_error(request: Request, error: HTTPException) -> Response:
        """Answer the framework's own errors, such as an unknown route, in the same shape."""
        return status_response(
            error.status_code, f"{request.method} {request.url.path}", error.headers
        )

    @api.exception_handler(RequestValidationError)
    @api.exception_handler(WebSocketRequestValidationError)
    async def wrong_parameter(
        connection: Request | WebSocket, error: ValidationException
    ) -> Response | None:
        """Answer the framework's own errors of a path's or a query's parameters."""
        detail = error.errors()[0]
        name = str(detail["loc"][-1])
        return await speech_error(
            connection, InvalidRequest(f"Invalid '{name}': {detail['msg']}", name)
        )

    @api.exception_handler(Exception)
    async def unforeseen(request: Request, error: Exception) -> Response:
        """Answer any other error; one that ends an answer under way comes here in a wrapper."""
        return error_response(error_behind(error) or _internal_error(request, error))

    api.add_middleware(UnforeseenWebSocketErrors)


class UnforeseenWebSocketErrors:
    """ASGI middleware for errors of a WebSocket that the framework would leave to the server."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        websocket = WebSocket(scope, receive, send)
        try:
            await self._app(scope, websocket.receive, websocket.send)
        except Exception as error:
            await end_websocket(websocket, _internal_error(websocket, error))


def error_response(error: SpeechError) -> Response:
    """Return the response in OpenAI's shape."""
    headers = {}
    if error.http_status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    if error.http_status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if error.http_status == 408:  # the rest of the request may still come
        headers["Connection"] = "close"
    param = None if error.param is None else OPENAI_FIELDS.get(error.param, error.param)
    return _response(error.http_status, _message(error), param, error.code, headers)


def status_response(
    status: int, request_line: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the response, in OpenAI's shape, for a status without an error of ours."""
    line = shorten(one_line(request_line), MAX_REQUEST_LINE_CHARS)
    return _response(status, f"{HTTPStatus(status).phrase}: {line}", headers=headers)


def error_message(error: SpeechError) -> dict[str, str]:
    """Return the WebSocket message that tells of an error."""
    return {"type": "error", "message": _message(error), "code": error.code}


def _message(error: SpeechError) -> str:
    """Return the error's line; where the contract leaves it free, in OpenAI's words."""
    if error.way_out is None:
        return error.message
    message = error.message
    for ours, openais in OPENAI_FIELDS.items():
        message = message.replace(ours, openais, 1)
    return f"{message}; {error.way_out}"


async def end_websocket(
    websocket: WebSocket, error: SpeechError, message: Mapping[str, Any] | None = None
) -> None:
    """Tell the client of an error and close; before the handshake, refuse it with a response.

    `message`: tells of the error in the client's dialect; None for ours.
    """
    close_code = _CLOSE_CODES.get(error.http_status, _POLICY_VIOLATION)
    if websocket.application_state == WebSocketState.DISCONNECTED:
        return
    if websocket.application_state == WebSocketState.CONNECTED:
        await websocket.send_json(message or error_message(error))
        await websocket.close(close_code)
    else:
        await _refuse(websocket, error_response(error), close_code, error.message)


async def refuse_unknown_path(websocket: WebSocket) -> None:
    """Refuse a WebSocket where there is none, as HTTP answers a path without a route."""
    response = status_response(404, f"WebSocket {websocket.url.path}")
    await _refuse(websocket, response, _POLICY_VIOLATION, HTTPStatus.NOT_FOUND.phrase)


async def _refuse(websocket: WebSocket, response: Response, close_code: int, reason: str) -> None:
    """Answer a handshake with a response, or where the server cannot, with a close code."""
    if "websocket.http.response" in websocket.scope.get("extensions", {}):
        await websocket.send_denial_response(response)
    else:
        await websocket.close(close_code, reason)


def _internal_error(connection: HTTPConnection, error: Exception) -> InternalError:
    request_id = request_id_of(connection)
    logger.error("request %s failed", request_id, exc_info=error)
    return InternalError.of_request(request_id)


def _response(
    status: int,
    message: str,
    param: str | None = None,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    kind = {401: "authentication_error"}.get(
        status, "invalid_request_error" if status < 500 else "server_error"
    )
    body = ErrorBody(error=ErrorDetail(message=message, type=kind, param=param, code=code))
    return JSONResponse(body.model_dump(), status, headers)
