"""JSON bodies: read by the routes themselves, so that every error has the contract's text."""

from __future__ import annotations

import asyncio
import json
import zlib
from typing import Any

from fastapi import Request
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from speech.errors import BodyTooLarge, InvalidRequest
from speech.parameters import parameters_schema

BODY_TIMEOUT_S = 10.0
"""Seconds in which a body must arrive: a slow sender occupies a place of the ingress."""

_GZIP = 16  # zlib's flag for a gzip header


async def read_json(request: Request, max_bytes: int) -> dict[str, Any]:
    """Return the JSON object that is the request's body.

    Raises:
        InvalidRequest: It is none, is not declared as JSON, or does not arrive in time.
        BodyTooLarge: It is longer than `max_bytes`.
    """
    content_type = request.headers.get("Content-Type", "")
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise InvalidRequest("Send JSON with the header 'Content-Type: application/json'")
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise InvalidRequest("Send the body plain or with 'Content-Encoding: gzip'")
    try:
        raw = await asyncio.wait_for(_read(request, max_bytes), BODY_TIMEOUT_S)
    except TimeoutError:
        raise InvalidRequest(
            f"The request body did not arrive within {BODY_TIMEOUT_S:g} s"
        ) from None
    except ClientDisconnect:
        raise InvalidRequest("The client went away while sending") from None
    if encoding == "gzip":
        raw = _decompress(raw, max_bytes)
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise InvalidRequest("The request body is not valid JSON") from None
    if not isinstance(body, dict):
        raise InvalidRequest("The request body is not a JSON object")
    return body


def describe_body(model: type[BaseModel], max_frames: int) -> dict[str, Any]:
    """Return the OpenAPI description of a route's JSON body.

    Args:
        model: A body with `parameters`, or with such a model as its `input`.
        max_frames: Frames of the engine's longest pass.
    """
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    body = schema
    for nested in schema.pop("$defs", {}).values():
        body = schema["properties"]["input"] = nested
    body["properties"]["parameters"] |= parameters_schema(max_frames)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


async def _read(request: Request, max_bytes: int) -> bytes:
    raw = bytearray()
    async for part in request.stream():
        raw += part
        _check_size(len(raw), max_bytes)
    return bytes(raw)


def _decompress(raw: bytes, max_bytes: int) -> bytes:
    """Return what a gzip body holds, of which no more than `max_bytes` are ever made."""
    body = bytearray()
    try:
        while raw:
            member = zlib.decompressobj(wbits=zlib.MAX_WBITS | _GZIP)
            body += member.decompress(raw, max_bytes + 1 - len(body))
            _check_size(len(body), max_bytes)
            if not member.eof:
                raise InvalidRequest("The request body is not valid gzip: it ends early")
            raw = member.unused_data
    except zlib.error:
        raise InvalidRequest("The request body is not valid gzip") from None
    return bytes(body)


def _check_size(num_bytes: int, max_bytes: int) -> None:
    if num_bytes > max_bytes:
        raise BodyTooLarge(f"Request body too large (max {max_bytes} bytes)")
