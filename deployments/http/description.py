"""The description of the routes in OpenAPI: their bodies, audio and errors."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

from pydantic import BaseModel

from deployments.http.errors import ErrorBody
from speech.errors import (
    BadKey,
    BodyTimeout,
    BodyTooLarge,
    DeadlineExceeded,
    ForeignOrigin,
    InternalError,
    InvalidRequest,
    NotReady,
    SpeechError,
    VoiceNotFound,
)
from speech.formats import FORMATS
from speech.parameters import parameters_schema
from speech.request import JobInput

Responses = dict[int | str, dict[str, Any]]


class RunRequest(BaseModel):
    """RunPod's envelope around a job."""

    input: JobInput


def describe_error(error: type[SpeechError]) -> dict[str, Any]:
    """Return the description of an answer that is this error."""
    meaning = (inspect.getdoc(error) or "").partition("\n")[0]
    # FastAPI prepares each `model` anew, for every route; `ANY_ERROR`'s puts the schema there.
    schema = {"$ref": f"#/components/schemas/{ErrorBody.__name__}"}
    return {"description": meaning, "content": {"application/json": {"schema": schema}}}


ANY_ERROR: Responses = {"default": {"description": "An error.", "model": ErrorBody}}
"""Any route may answer one; without it FastAPI describes errors of its own, which none answers."""
SPEECH_ERRORS: Responses = {
    error.http_status: describe_error(error)
    for error in (
        InvalidRequest,
        BadKey,
        ForeignOrigin,
        VoiceNotFound,
        BodyTimeout,
        BodyTooLarge,
        InternalError,
        NotReady,
        DeadlineExceeded,
    )
}
AUDIO: dict[str, Any] = {
    "description": "Audio as it is made, or events.",
    "content": {
        media_type: {"schema": {"type": "string", "format": "binary"}}
        for media_type in [*(row.media_type for row in FORMATS.values()), "text/event-stream"]
    },
}


@cache
def describe_body(model: type[BaseModel], max_frames: int) -> dict[str, Any]:
    """Return the OpenAPI description of a route's JSON body, which is not to be changed.

    Args:
        model: A body, or an envelope with one as its `input`; it may have `parameters`.
        max_frames: Frames of the engine's longest pass.
    """
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    body = schema
    for nested in schema.pop("$defs", {}).values():
        body = schema["properties"]["input"] = nested
    if "parameters" in body["properties"]:
        body["properties"]["parameters"] |= parameters_schema(max_frames)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
