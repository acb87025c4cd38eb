"""The HTTP application and its routes, but for the page's."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse

import deployments.http.elevenlabs.speech as elevenlabs_speech
import deployments.http.elevenlabs.text_stream as elevenlabs_text_stream
from deployments.held_jobs import HeldJobs
from deployments.http.access import Access
from deployments.http.audio_response import audio_response
from deployments.http.bodies import Bodies
from deployments.http.body import read_job_input, read_json
from deployments.http.compatibility import add_compatibility
from deployments.http.description import (
    ANY_ERROR,
    AUDIO,
    SPEECH_ERRORS,
    RunRequest,
    describe_body,
    describe_error,
)
from deployments.http.docs_page import docs_routes
from deployments.http.errors import add_error_handlers, refuse_unknown_path
from deployments.http.json_text import FastJSONResponse
from deployments.http.page import page_routes
from deployments.http.plain_websockets import bound_messages
from deployments.http.request_id import RequestIdMiddleware, request_id_of
from deployments.http.runpod_routes import runpod_routes
from deployments.http.text_stream import text_stream_routes
from deployments.http.voice_routes import voice_routes
from deployments.jobs import JobRunner
from deployments.service import SpeechService
from deployments.speech_call import SpeechCall
from deployments.version import VERSION
from speech.errors import MAX_PARAM_CHARS, InvalidRequest, ModelNotFound, shorten
from speech.request import SpeechBody, parse_speech


def build_api(
    service: SpeechService, jobs: JobRunner, access: Access, list_voices: bool
) -> FastAPI:
    """Return the HTTP application over the service; `list_voices`: tell which voices there are."""
    api = FastAPI(
        title="Echo-TTS",
        version=VERSION,
        summary="Any text in the voice of a reference recording",
        docs_url=None,  # both ask a CDN
        redoc_url=None,
        responses=ANY_ERROR,
        redirect_slashes=False,  # a slash at the end of a path changes nothing: see compatibility
    )
    access.add_cors(api)
    add_error_handlers(api)
    add_compatibility(api)
    api.add_middleware(RequestIdMiddleware)
    api.include_router(
        page_routes(service.pass_limits.max_frames, service.limits.max_text_chars, list_voices)
    )
    api.include_router(docs_routes())
    api.include_router(probe_routes(service))
    held = HeldJobs(jobs, concurrency=max(1, service.limits.max_requests // 2))
    bodies = Bodies(service.limits)
    bound_messages(2 * service.limits.max_body_bytes)  # up to there, an error tells the bound
    routers = [
        speech_routes(service, jobs, bodies),
        text_stream_routes(service),
        elevenlabs_speech.speech_routes(service, bodies),
        elevenlabs_text_stream.text_stream_routes(service),
        runpod_routes(service, held, bodies),
    ]
    if list_voices:
        routers.append(voice_routes(service))
    for router in routers:
        api.include_router(router, dependencies=[Depends(access.require)])
    api.add_api_websocket_route("/{path:path}", refuse_unknown_path)  # after all others
    return api


def probe_routes(service: SpeechService) -> APIRouter:
    """Return the routes that load balancers and monitors ask; no key needed."""
    router = APIRouter(tags=["probes"])

    @router.get("/health", responses={503: {"description": "The report, where a check fails."}})
    async def health() -> Response:
        """Answer the health report: 200 when no check fails, else 503."""
        report = await service.health()
        return JSONResponse(report, 200 if report["status"] == "healthy" else 503)

    @router.get("/ping", responses={204: {"description": "It is starting."}})
    async def ping() -> Response:
        """Answer 200 when the graph can speak, 204 while it is starting, 503 if it cannot."""
        service.require_open()
        if await service.loaded_engine() is None:
            return Response(status_code=204)
        await service.require_ready()
        return Response(status_code=200)

    return router


def speech_routes(service: SpeechService, jobs: JobRunner, bodies: Bodies) -> APIRouter:
    """Return the routes that callers of the model ask."""
    router = APIRouter(tags=["speech"])
    started = int(time.time())
    max_frames = service.pass_limits.max_frames

    async def served_model() -> dict[str, Any]:
        name = await service.loaded_engine() or service.engine
        return {"id": name, "object": "model", "created": started, "owned_by": "local"}

    async def accept(request: Request) -> SpeechCall:
        """Return the call that a body asks for; the body, which may be large, is not kept."""
        request_id = request_id_of(request)
        with service.logging_refusal(request_id, "http"):
            body = await read_json(request, bodies)
            wanted = parse_speech(body, service.limits.max_text_chars, max_frames)
            if wanted.timestamps and wanted.stream_format != "sse":
                raise InvalidRequest(
                    "Invalid 'timestamps': word times come with stream_format 'sse' only",
                    "timestamps",
                )
            await service.require_ready()
        return service.speak(wanted, request_id, "http")

    @router.post(
        "/v1/audio/speech",
        openapi_extra=describe_body(SpeechBody, max_frames),
        response_class=Response,
        responses={200: AUDIO, **SPEECH_ERRORS},
    )
    async def speech(request: Request) -> Response:
        """Speak `input`: OpenAI's speech contract; audio bytes or events as they are made."""
        call = await accept(request)
        # An error before any audio keeps its status.
        return audio_response(call.request, await call.start())

    @router.post(
        "/runsync",
        openapi_extra=describe_body(RunRequest, max_frames),
        responses=SPEECH_ERRORS,
    )
    async def runsync(request: Request) -> Response:
        """Run one job in RunPod's envelope; a failed job is a 200 with `FAILED`."""
        request_id = request_id_of(request)
        with service.logging_refusal(request_id, "http"):
            job = jobs.read(await read_job_input(request, bodies), request_id, "http")
            if job.wanted is not None:
                await service.require_ready()
        output = await jobs.run(job)
        if "error" in output:
            failed = {"id": job.job_id, "status": "FAILED", "error": output["error"]}
            return FastJSONResponse(failed)
        return FastJSONResponse({"id": job.job_id, "status": "COMPLETED", "output": output})

    @router.get("/v1/models")
    async def models() -> dict[str, Any]:
        """List the one model that speaks, as OpenAI's clients expect it."""
        return {"object": "list", "data": [await served_model()]}

    @router.get("/v1/models/{model_id:path}", responses={404: describe_error(ModelNotFound)})
    async def model(model_id: str) -> dict[str, Any]:
        """Answer the model that speaks; a speech body may name any, this route only that one."""
        served = await served_model()
        if model_id != served["id"]:
            name = shorten(model_id, MAX_PARAM_CHARS)
            raise ModelNotFound(
                f"The model '{name}' does not exist (served: {served['id']})", "model"
            )
        return served

    return router
