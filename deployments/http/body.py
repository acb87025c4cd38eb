"""JSON bodies: read by the routes themselves, so that every error has the contract's text."""

from __future__ import annotations

import zlib
from typing import Any

from fastapi import Request
from starlette.datastructures import Headers

from deployments.http.bodies import Bodies, check_size
from deployments.http.json_text import parse_object
from speech.errors import InvalidRequest

_GZIP = 16  # zlib's flag for a gzip header
_PIECE_BYTES = 4096


async def read_json(request: Request, bodies: Bodies) -> dict[str, Any]:
    """Return the JSON object that is the request's body, read as one of `bodies`.

    Raises:
        InvalidRequest: It is none, or is not declared as JSON.
        SpeechError: It does not arrive whole, in time and within the bounds.
    """
    if not is_json(request.headers):
        raise InvalidRequest("Send JSON with the header 'Content-Type: application/json'")
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise InvalidRequest("Send the body plain or with 'Content-Encoding: gzip'")
    raw = await bodies.read(request)
    if encoding == "gzip":
        raw = _decompress(raw, bodies.max_body_bytes)
    return parse_object(raw, "request body")


def is_json(headers: Headers) -> bool:
    """Tell whether a request is declared as JSON."""
    content_type = headers.get("Content-Type", "")
    return content_type.partition(";")[0].strip().lower() == "application/json"


async def read_job_input(request: Request, bodies: Bodies) -> dict[str, Any]:
    """Return the field `input` of RunPod's envelope, read as `read_json` reads the body.

    Raises:
        InvalidRequest: It is not there, or no object.
        SpeechError: See `read_json`.
    """
    job_input = (await read_json(request, bodies)).get("input")
    if not isinstance(job_input, dict):
        raise InvalidRequest("Missing or invalid 'input' field (expected object)", "input")
    return job_input


def _decompress(raw: bytes, max_bytes: int) -> bytes:
    """Return what a gzip body holds, of which no more than `max_bytes` are ever made."""
    body = bytearray()
    position = 0
    member = None
    try:
        while position < len(raw):
            member = member or zlib.decompressobj(wbits=zlib.MAX_WBITS | _GZIP)
            # Piece by piece: at a member's end zlib copies all that is left of what it was fed.
            piece = raw[position : position + _PIECE_BYTES]
            body += member.decompress(piece, max_bytes + 1 - len(body))
            check_size(len(body), max_bytes)
            position += len(piece) - len(member.unused_data)
            if member.eof:
                member = None
    except zlib.error:
        raise InvalidRequest("The request body is not valid gzip") from None
    if member is not None:
        raise InvalidRequest("The request body is not valid gzip: it ends early")
    return bytes(body)
