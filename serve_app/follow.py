"""The client of a running server for text that is still being written: fragments in, PCM out."""

from __future__ import annotations

import codecs
import json
import os
import ssl
import threading
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from websockets.exceptions import ConnectionClosed, InvalidStatus, InvalidURI, WebSocketException
from websockets.sync.client import ClientConnection, connect

from serve_app.client import (
    BROKE_OFF,
    CONNECT_TIMEOUT_S,
    EMPTY,
    CallFailed,
    NoServer,
    Refused,
    Unavailable,
    check_address,
    check_key,
    is_here,
    without_version,
)
from speech.errors import SpeechError, one_line

_READ_BYTES = 1024
_LATER = tuple(kind.code for kind in SpeechError.__subclasses__() if kind.http_status == 503)
"""Codes of errors after which a later try may succeed."""
_WRONG = ("invalid_request", "invalid_api_key", "voice_not_found", "body_too_large")
"""Codes of errors that repeating the request does not change."""


def follow_speech(
    url: str, api_key: str | None, config: Mapping[str, Any], text: BinaryIO, patience_s: float
) -> Iterator[bytes]:
    """Yield the speech of `text`, sentence by sentence while it comes, as raw samples.

    Args:
        url: Address of the server, with or without `/v1`.
        api_key: One of the server's `ECHO_API_KEYS`, if it has any.
        config: Body of `POST /v1/audio/speech` less its `input` and format.
        text: UTF-8, read as it comes to its end.
        patience_s: Seconds the server may send nothing once all the text is there.

    Raises:
        CallFailed: The server gave no audio, or not all of it.
    """
    with _connected(url, api_key) as server:
        try:
            server.send(_message("session.config", **config, response_format="pcm"))
            # A thread: reading waits for the text to be written.
            sending = threading.Thread(target=_send, args=(text, server), daemon=True)
            sending.start()
            speaks = False
            for frame in _audio(server, sending, patience_s):
                speaks = True
                yield frame
        except TimeoutError:
            raise CallFailed.silent_for(patience_s) from None
        except WebSocketException:
            raise CallFailed(BROKE_OFF) from None
    if not speaks:
        raise Refused(EMPTY)  # the server ended, and told of no error


def _connected(url: str, api_key: str | None) -> ClientConnection:
    """Return an open connection to a server, a context that closes it.

    Raises:
        CallFailed: There is none.
    """
    check_key(api_key)
    check_address(url)
    route = f"{without_version(url)}/v1/audio/speech/stream".replace("http", "ws", 1)
    headers = {} if api_key is None else {"Authorization": f"Bearer {api_key}"}
    try:
        return connect(
            route,
            additional_headers=headers,
            open_timeout=CONNECT_TIMEOUT_S,
            max_size=None,
            proxy=None if is_here(url) else True,
        )
    except ssl.SSLError as error:  # some are a ValueError and an OSError as well
        raise Refused.for_tls(url, error) from None
    except (InvalidURI, ValueError):
        raise Refused.for_address(url) from None
    except InvalidStatus as error:
        raise _refusal(error) from None
    except OSError:  # a TimeoutError, too
        raise NoServer.at(url) from None
    except WebSocketException:
        raise CallFailed(BROKE_OFF) from None


def _send(text: BinaryIO, server: ClientConnection) -> None:
    """Send the text as it comes; at its end, ask for the connection to end once all is spoken."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    try:
        while raw := os.read(text.fileno(), _READ_BYTES):
            if fragment := decoder.decode(raw):
                server.send(_message("input.text", text=fragment))
        server.send(_message("session.close"))
    except ConnectionClosed:
        pass  # the receiving thread tells why


def _audio(
    server: ClientConnection, sending: threading.Thread, patience_s: float
) -> Iterator[bytes]:
    while True:
        try:
            frame = server.recv(timeout=patience_s)
        except TimeoutError:
            if sending.is_alive():
                continue
            raise
        except ConnectionClosed as error:
            if error.rcvd is not None and error.rcvd.code == 1000:
                return
            raise
        if isinstance(frame, bytes):
            yield frame
            continue
        try:
            message = json.loads(frame)
            failure = _failure(message) if message["type"] == "error" else None
        except (ValueError, TypeError, KeyError):
            raise CallFailed("The server there is not an Echo-TTS server") from None
        if failure is not None:
            raise failure


def _message(kind: str, **fields: object) -> str:
    return json.dumps({"type": kind, **fields})


def _failure(error: Mapping[str, Any]) -> CallFailed:
    """Return the error that a server's message stands for; a TypeError or KeyError if none."""
    message, code = one_line(error["message"]), error["code"]
    if code in _LATER:
        return Unavailable(message)
    return Refused(message) if code in _WRONG else CallFailed(message)


def _refusal(error: InvalidStatus) -> CallFailed:
    """Return the error that an answer to the handshake stands for."""
    response = error.response
    try:
        return _failure(json.loads(response.body)["error"])
    except (ValueError, TypeError, KeyError):  # a proxy's page, or another server
        return CallFailed(
            f"The server answers HTTP {response.status_code}: does the graph run there?"
        )
