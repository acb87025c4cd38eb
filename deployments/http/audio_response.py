"""Speech as an HTTP response: audio bytes, or OpenAI's events, as they are made."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from typing import Any

from fastapi import Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from deployments.speech_call import SpeechStream
from deployments.telemetry.request_record import word_times
from speech.formats import FORMATS
from speech.request import SpeechRequest
from speech.timestamps import TimedWord


def audio_response(request: SpeechRequest, stream: SpeechStream) -> Response:
    """Return the response that carries `stream` in the way that `request` asks for."""
    headers = speech_headers(request, stream.record.engine)
    if request.stream_format == "sse":
        return Streamed(stream, _events(request, stream), headers, "text/event-stream")
    media_type = FORMATS[request.output_format].media_type
    return Streamed(stream, stream.packets, headers, media_type)


def speech_headers(request: SpeechRequest, engine: str) -> dict[str, str]:
    """Return the headers that describe speech by `engine`."""
    return {
        "X-Seed": str(request.seed),
        "X-Audio-Sample-Rate": str(request.sample_rate),
        "X-Engine": engine,
        "X-Accel-Buffering": "no",  # nginx would hold back what comes in small parts
    }


class Streamed(StreamingResponse):
    """A stream that leaves it to Ray Serve to notice that the client is gone.

    Ray Serve cancels the request's task; Starlette's own listening for a disconnect would log a
    long traceback then. A client that is there and takes nothing is left at the deadline.

    Args:
        stream: The speech.
        content: What is sent of it.
        headers: Headers of the response.
        media_type: Its type.
    """

    def __init__(
        self,
        stream: SpeechStream,
        content: AsyncGenerator[bytes, None] | AsyncGenerator[str, None],
        headers: Mapping[str, str],
        media_type: str,
    ) -> None:
        super().__init__(content, 200, headers, media_type)
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response.

        Raises:
            SpeechError: The request failed.
        """
        async with aclosing(self._stream.packets):
            await self._stream.deadline.run(self.stream_response(send))


async def _events(request: SpeechRequest, stream: SpeechStream) -> AsyncGenerator[str, None]:
    """Yield OpenAI's events; its token counts are UTF-8 bytes in and latent frames out.

    Of a request that is timed, each has the words that have become certain, and the last has all.
    """
    words, num_told = stream.record.words, 0
    async with aclosing(stream.packets) as packets:
        async for packet in packets:
            delta = {"type": "speech.audio.delta", "audio": base64.b64encode(packet).decode()}
            told, num_told = words[num_told:], len(words)
            yield _event({**delta, **_timed(request, told)})
    num_in, num_out = len(request.text.encode()), stream.record.num_frames
    usage = {"input_tokens": num_in, "output_tokens": num_out, "total_tokens": num_in + num_out}
    yield _event({"type": "speech.audio.done", "usage": usage, **_timed(request, words)})


def _timed(request: SpeechRequest, words: Iterable[TimedWord]) -> dict[str, Any]:
    return {"words": word_times(words)} if request.timestamps else {}


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data)}\n\n"
