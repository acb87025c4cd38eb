"""All HTTP routes but the page's; the only place where an error becomes an HTTP response."""

from __future__ import annotations

import asyncio
import base64
import hmac
import inspect
import json
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from deployments.http.page import page_routes
from deployments.http.request_id import HEADER as REQUEST_ID_HEADER
from deployments.http.request_id import RequestIdMiddleware, request_id_of
from deployments.version import VERSION
from speech.errors import (
    BadKey,
    BodyTooLarge,
    DeadlineExceeded,
    InternalError,
    InvalidRequest,
    NotReady,
    SpeechError,
    VoiceNotFound,
)
from speech.formats import FORMATS
from speech.request import JobInput, SpeechBody, is_health_check

if TYPE_CHECKING:
    from deployments.ingress import Ingress
    from deployments.pipeline import Utterance

logger = logging.getLogger(__name__)

BODY_TIMEOUT_S = 10.0
"""For a request body to arrive: whoever sends slowly holds a place of the ingress."""
RETRY_AFTER_S = 2
"""What a refused client is told to wait."""
OWN_HEADERS = (REQUEST_ID_HEADER, "X-Seed", "X-Audio-Sample-Rate", "X-Engine")
"""Headers a browser may read, beside the standard ones."""


_AUDIO: dict[str, Any] = {
    "description": "Audio as it is made, or events.",
    "content": {
        media_type: {"schema": {"type": "string", "format": "binary"}}
        for media_type in [*(row.media_type for row in FORMATS.values()), "text/event-stream"]
    },
}
_ERRORS: dict[int | str, dict[str, Any]] = {
    error.http_status: {"description": inspect.getdoc(error)}
    for error in (
        InvalidRequest,
        BadKey,
        VoiceNotFound,
        BodyTooLarge,
        InternalError,
        NotReady,
        DeadlineExceeded,
    )
}


def build_api(ingress: Ingress) -> FastAPI:
    """Return the HTTP application over `ingress`."""
    api = FastAPI(
        title="Echo-TTS",
        version=VERSION,
        summary="Any text in the voice of a reference recording",
    )
    if ingress.cors_origins:
        api.add_middleware(
            CORSMiddleware,
            allow_origins=ingress.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["*"],  # OpenAI's SDKs send a dozen of their own
            expose_headers=[*OWN_HEADERS, "Retry-After"],
        )
    api.add_middleware(RequestIdMiddleware)
    api.add_exception_handler(SpeechError, _answer_speech_error)
    api.add_exception_handler(HTTPException, _answer_http_exception)
    api.add_exception_handler(Exception, _answer_unforeseen)
    api.include_router(page_routes())
    api.include_router(_probe_routes(ingress))
    api.include_router(_speech_routes(ingress))
    return api


def _probe_routes(ingress: Ingress) -> APIRouter:
    """Return what load balancers and monitors ask; no key needed."""
    router = APIRouter(tags=["probes"])

    @router.get("/health")
    async def health() -> Response:
        """Answer the health report: 200 when no check fails, else 503."""
        report = await ingress.health()
        return JSONResponse(report, 200 if report["status"] == "healthy" else 503)

    @router.get("/ping")
    async def ping() -> Response:
        """Answer 200 when the graph can speak, 204 while it is starting, 503 once it stops."""
        ingress.require_open()
        return Response(status_code=200 if await ingress.ready() else 204)

    return router


def _speech_routes(ingress: Ingress) -> APIRouter:
    """Return what callers of the model ask; a key is needed where keys are set."""
    started = int(time.time())

    async def require_key(request: Request) -> None:
        if ingress.api_keys and not _has_key(request, ingress.api_keys):
            raise BadKey("Missing or wrong API key: send 'Authorization: Bearer <key>'")

    router = APIRouter(tags=["speech"], dependencies=[Depends(require_key)])

    @router.post(
        "/v1/audio/speech",
        openapi_extra=_takes(SpeechBody),
        response_class=Response,
        responses={200: _AUDIO, **_ERRORS},
    )
    async def speech(request: Request) -> Response:
        """Speak `input`: OpenAI's speech contract; audio bytes or events as they are made."""
        body = await _read_json(request, ingress.limits.max_body_bytes)
        utterance = ingress.speak(body, request_id_of(request))
        await ingress.require_ready()
        packets = utterance.packets()
        first = await anext(packets, b"")  # an error before any audio keeps its status
        rest = _resume(first, packets)
        headers = {
            "X-Seed": str(utterance.request.seed),
            "X-Audio-Sample-Rate": str(utterance.request.sample_rate),
            "X-Engine": utterance.outcome.engine,
            "X-Accel-Buffering": "no",  # nginx would hold back what comes in small parts
        }
        if body.get("stream_format") == "sse":
            return _Stream(_events(rest, utterance), 200, headers, "text/event-stream")
        media_type = FORMATS[utterance.request.output_format].media_type
        return _Stream(rest, 200, headers, media_type)

    @router.post("/runsync", openapi_extra=_takes(RunRequest), responses=_ERRORS)
    async def runsync(request: Request) -> Response:
        """Run one job in RunPod's envelope; a failed job is a 200 with `FAILED`."""
        body = await _read_json(request, ingress.limits.max_body_bytes)
        if not isinstance(body.get("input"), dict):
            raise InvalidRequest("Missing or invalid 'input' field (expected object)", "input")
        job_id = request_id_of(request)
        if not is_health_check(body["input"]):
            await ingress.require_ready()
        output = await ingress.run_job(body["input"], job_id, "http")
        if "error" in output:
            return JSONResponse({"id": job_id, "status": "FAILED", "error": output["error"]})
        return JSONResponse({"id": job_id, "status": "COMPLETED", "output": output})

    @router.get("/v1/models")
    async def models() -> dict[str, Any]:
        """List the one model that speaks, as OpenAI's clients expect it."""
        name = await ingress.loaded_engine() or ingress.engine
        model = {"id": name, "object": "model", "created": started, "owned_by": "local"}
        return {"object": "list", "data": [model]}

    return router


class _Stream(StreamingResponse):
    """Leaves it to Ray Serve to notice that the client is gone: it cancels the request's task."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.stream_response(send)


class RunRequest(BaseModel):
    """RunPod's envelope around a job."""

    input: JobInput


def _takes(model: type[BaseModel]) -> dict[str, Any]:
    """Document a JSON body that the route reads itself, to keep our own error texts."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    for nested in schema.pop("$defs", {}).values():
        schema["properties"]["input"] = nested
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _has_key(request: Request, api_keys: tuple[str, ...]) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    matches = [hmac.compare_digest(given.strip().encode(), key.encode()) for key in api_keys]
    return scheme.lower() == "bearer" and any(matches)


async def _read_json(request: Request, max_bytes: int) -> dict[str, Any]:
    content_type = request.headers.get("Content-Type", "")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise InvalidRequest("Send JSON with the header 'Content-Type: application/json'")
    try:
        raw = await asyncio.wait_for(_read_body(request, max_bytes), BODY_TIMEOUT_S)
    except TimeoutError:
        raise InvalidRequest(
            f"The request body did not arrive within {BODY_TIMEOUT_S:g} s"
        ) from None
    except ClientDisconnect:
        raise InvalidRequest("The client went away while sending") from None
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise InvalidRequest("The request body is not valid JSON") from None
    if not isinstance(body, dict):
        raise InvalidRequest("The request body is not a JSON object")
    return body


async def _read_body(request: Request, max_bytes: int) -> bytes:
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > max_bytes:
            raise BodyTooLarge(f"Request body too large (max {max_bytes} bytes)")
    return bytes(raw)


async def _resume(
    first: bytes, packets: AsyncGenerator[bytes, None]
) -> AsyncGenerator[bytes, None]:
    async with aclosing(packets):
        yield first
        async for packet in packets:
            yield packet


async def _events(
    packets: AsyncGenerator[bytes, None], utterance: Utterance
) -> AsyncGenerator[str, None]:
    """Yield OpenAI's events; its token counts are UTF-8 bytes in and latent frames out."""
    async with aclosing(packets):
        async for packet in packets:
            if packet:
                audio = base64.b64encode(packet).decode()
                yield _event({"type": "speech.audio.delta", "audio": audio})
    num_in, num_out = len(utterance.request.text.encode()), utterance.outcome.num_frames
    usage = {"input_tokens": num_in, "output_tokens": num_out, "total_tokens": num_in + num_out}
    yield _event({"type": "speech.audio.done", "usage": usage})


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data)}\n\n"


async def _answer_speech_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, SpeechError)
    headers = {"Retry-After": str(RETRY_AFTER_S)} if error.http_status == 503 else {}
    if error.http_status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    # Voices are checked under the job's name for the field; here it is OpenAI's.
    param = "voice" if error.param == "speaker_voice" else error.param
    return _error_response(
        error.http_status, error.message, param=param, code=error.code, headers=headers
    )


async def _answer_http_exception(request: Request, error: Exception) -> Response:
    """Answer the framework's own errors, such as an unknown route, in the same shape."""
    assert isinstance(error, HTTPException)
    return _error_response(
        error.status_code,
        f"{error.detail}: {request.method} {request.url.path}",
        headers=dict(error.headers or {}),
    )


async def _answer_unforeseen(request: Request, error: Exception) -> Response:
    request_id = request_id_of(request)
    logger.error("request %s failed", request_id, exc_info=error)
    message = f"Internal error (request {request_id})"
    return _error_response(500, message, code=InternalError.code, headers={})


def _error_response(
    status: int,
    message: str,
    *,
    param: str | None = None,
    code: str | None = None,
    headers: dict[str, str],
) -> Response:
    kind = {401: "authentication_error"}.get(
        status, "invalid_request_error" if status < 500 else "server_error"
    )
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return JSONResponse(body, status, headers)
