"""`POST /v1/text-to-speech/{voice_id}` and its variants: speech as audio, or with characters."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response

from deployments.http.audio_response import Streamed, audio_response, speech_headers
from deployments.http.bodies import Bodies
from deployments.http.body import read_json
from deployments.http.description import AUDIO, SPEECH_ERRORS, describe_body
from deployments.http.elevenlabs.alignment import CharacterTimes
from deployments.http.elevenlabs.request import (
    DEFAULT_FORMAT,
    PREFIX,
    TextToSpeechBody,
    speech_body,
)
from deployments.http.json_text import FastJSONResponse
from deployments.http.request_id import request_id_of
from deployments.service import SpeechService
from deployments.speech_call import SpeechCall, SpeechStream
from speech.request import SpeechRequest, parse_speech


def speech_routes(service: SpeechService, bodies: Bodies) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix=PREFIX, tags=["elevenlabs"], responses=SPEECH_ERRORS)
    described = describe_body(TextToSpeechBody, service.pass_limits.max_frames)
    audio: dict[str, Any] = {
        "openapi_extra": described,
        "response_class": Response,
        "responses": {200: AUDIO},
    }

    async def accept(
        request: Request, voice_id: str, output_format: str, *, timestamps: bool = False
    ) -> SpeechCall:
        request_id = request_id_of(request)
        with service.logging_refusal(request_id, "http"):
            body = await read_json(request, bodies)
            wanted = parse_speech(
                {**speech_body(voice_id, output_format, body), "text": body.get("text")},
                service.limits.max_text_chars,
                service.pass_limits.max_frames,
                text_field="text",
            )
            await service.require_ready()
        return service.speak(replace(wanted, timestamps=timestamps), request_id, "http")

    @router.post("/stream/with-timestamps", openapi_extra=described)
    async def stream_with_timestamps(
        request: Request, voice_id: str, output_format: str = DEFAULT_FORMAT
    ) -> Response:
        """Speak `text`; a line of JSON for each part of the audio, with the characters known."""
        call = await accept(request, voice_id, output_format, timestamps=True)
        stream = await call.start()
        headers = speech_headers(call.request, stream.record.engine)
        return Streamed(stream, _lines(call.request, stream), headers, "application/json")

    @router.post("/with-timestamps", openapi_extra=described)
    async def speech_with_timestamps(
        request: Request, voice_id: str, output_format: str = DEFAULT_FORMAT
    ) -> Response:
        """Speak `text`; the whole audio in base64, and when each character is said."""
        call = await accept(request, voice_id, output_format, timestamps=True)

        async def as_it_is(audio: bytes, _left_s: float) -> bytes:
            return audio

        record, audio = await call.deliver(as_it_is)
        times = CharacterTimes(call.request.text).take(record.words, last=True)
        headers = speech_headers(call.request, record.engine)
        return FastJSONResponse(_part(audio, times.by_second()), headers=headers)

    # The first path that fits is taken, and the last decorator's is the first: a path of "" fits
    # all, as a voice's name may have slashes in it.
    @router.post("", **audio)
    @router.post("/stream", **audio)
    async def speech(
        request: Request, voice_id: str, output_format: str = DEFAULT_FORMAT
    ) -> Response:
        """Speak `text`; the audio comes as it is made."""
        call = await accept(request, voice_id, output_format)
        return audio_response(call.request, await call.start())

    return router


async def _lines(request: SpeechRequest, stream: SpeechStream) -> AsyncGenerator[str, None]:
    words, num_told = stream.record.words, 0
    times = CharacterTimes(request.text)
    async with aclosing(stream.packets) as packets:
        async for packet in packets:
            told, num_told = words[num_told:], len(words)
            yield json.dumps(_part(packet, times.take(told).by_second() if told else None)) + "\n"
    rest = times.take(words[num_told:], last=True)
    if rest.characters:
        yield json.dumps(_part(b"", rest.by_second())) + "\n"


def _part(audio: bytes, alignment: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "audio_base64": base64.b64encode(audio).decode(),
        "alignment": alignment,
        "normalized_alignment": alignment,
    }
