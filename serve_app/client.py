"""The client of a running server: text in, audio as it is made, every failure one line."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from serve_app.api_keys import fits_header
from serve_app.exposure import is_loopback
from speech.errors import TOO_LONG, one_line
from speech.timestamps import TimedWord

CONNECT_TIMEOUT_S = 10.0
BROKE_OFF = "The connection broke off before all audio was there"
NO_AUDIO = "The server sent no audio"
EMPTY = "Text cannot be empty"
"""The server's own message, where the server is not asked."""


class CallFailed(Exception):
    """The server gave no audio, or not all of it; the message is one line."""

    @classmethod
    def silent_for(cls, seconds: float) -> CallFailed:
        """Return the failure of a call to which nothing came for `seconds`."""
        return cls(f"The server sent nothing for {seconds:g} s")


class Refused(CallFailed):
    """The request is wrong; repeating it changes nothing."""

    @classmethod
    def for_address(cls, url: str) -> Refused:
        """Return the failure of a call to what is no address."""
        return cls(f"'{one_line(url)}' is not an HTTP address, such as http://127.0.0.1:8000")

    @classmethod
    def for_tls(cls, url: str, error: ssl.SSLError) -> Refused:
        """Return the failure of a call to an address where TLS is not spoken, or not trusted."""
        if isinstance(error, ssl.SSLCertVerificationError):
            reason = f"its certificate is not valid here: {error.verify_message}"
        else:
            reason = f"it does not speak TLS ({error.reason}); is it an http:// address?"
        return cls(f"No connection to {netloc(url)}: {reason}")


class TooLong(Refused):
    """The text is longer than the server takes in one request."""


class Unavailable(CallFailed):
    """The server does not answer, is overloaded or not ready yet; a later try may succeed.

    Attributes:
        retry_after_s: Seconds after which the server asks to be called again, if it says so.
    """

    retry_after_s: float | None = None


class NoServer(Unavailable):
    """No server answers at the address."""

    @classmethod
    def at(cls, url: str) -> NoServer:
        """Return the failure of a call to an address that may hold a name and a password."""
        return cls(f"No server answers at {netloc(url)}")


@dataclass(frozen=True)
class Speech:
    """Audio on its way.

    Attributes:
        packets: The audio as it arrives.
        words: The words and their times, complete once all audio is there, if they were asked for.
    """

    packets: Iterator[bytes]
    words: list[TimedWord]
    request_id: str
    engine: str
    seed: str
    sample_rate_hz: int


def netloc(url: str) -> str:
    """Return host and port of an address, without the name and password that it may hold."""
    return httpx.URL(url).netloc.decode()


def is_here(url: str) -> bool:
    """Tell whether an address is one of this machine's own."""
    return is_loopback(httpx.URL(url).host)


def without_version(url: str) -> str:
    """Return a server's address without the `/v1` that OpenAI's clients have at its end."""
    return url.rstrip("/").removesuffix("/v1").rstrip("/")


def check_key(api_key: str | None) -> None:
    """Return if a header can hold the key.

    Raises:
        Refused: It cannot; the message does not repeat it.
    """
    if api_key is not None and not fits_header(api_key):
        raise Refused("The API key has characters that cannot be sent: use printable ASCII")


def check_address(url: str) -> None:
    """Return if `url` can be read, and names a host that can be.

    Raises:
        Refused: It does not.
    """
    try:
        httpx.URL(url).host.encode("idna")  # as a socket does
    except (httpx.InvalidURL, UnicodeError):
        raise Refused.for_address(url) from None


@contextmanager
def stream_speech(
    url: str, api_key: str | None, body: Mapping[str, Any], patience_s: float
) -> Iterator[Speech]:
    """Ask for speech and yield it once there is some; leaving the context ends the request.

    Args:
        url: Address of the server, with or without `/v1`.
        api_key: One of the server's `ECHO_API_KEYS`, if it has any.
        body: Body of `POST /v1/audio/speech`.
        patience_s: Seconds the server may send nothing.

    Raises:
        CallFailed: The server gave no audio, at the start or while packets are read.
    """
    check_key(api_key)
    check_address(url)
    timeout = httpx.Timeout(patience_s, connect=CONNECT_TIMEOUT_S)
    # The environment's proxies do not reach this machine.
    without_proxy = {f"all://{netloc(url)}": None} if is_here(url) else {}
    try:
        with (
            httpx.Client(timeout=timeout, mounts=without_proxy) as client,
            client.stream(
                "POST",
                f"{without_version(url)}/v1/audio/speech",
                # Not httpx's own: the server tells of numbers that JSON does not have.
                content=json.dumps(body),
                headers={"Content-Type": "application/json"},
                auth=_KeyAuth(api_key),
            ) as response,
        ):
            if response.status_code != httpx.codes.OK:
                response.read()
                raise _refusal(response)
            yield _speech(response)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise Refused.for_address(url) from None
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        if (tls := _tls_error(error)) is not None:
            raise Refused.for_tls(url, tls) from None
        raise NoServer.at(url) from None
    except httpx.TimeoutException:
        raise CallFailed.silent_for(patience_s) from None
    except httpx.HTTPError:
        raise CallFailed(BROKE_OFF) from None


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    """Return the error of TLS that stands behind one of httpx."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error


class _KeyAuth(httpx.Auth):
    """Sends the key, and only it: nothing from a .netrc file takes its place."""

    def __init__(self, api_key: str | None) -> None:
        self._api_key = api_key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign `request`."""
        if self._api_key is not None:
            request.headers["Authorization"] = f"Bearer {self._api_key}"
        yield request


def _speech(response: httpx.Response) -> Speech:
    headers = response.headers
    has_events = headers.get("Content-Type", "").startswith("text/event-stream")
    words: list[TimedWord] = []
    try:
        return Speech(
            packets=_packets_of_events(response, words) if has_events else response.iter_bytes(),
            words=words,
            request_id=headers["X-Request-ID"],
            engine=headers["X-Engine"],
            seed=headers["X-Seed"],
            sample_rate_hz=int(headers["X-Audio-Sample-Rate"]),
        )
    except (KeyError, ValueError):
        raise CallFailed(f"{_host(response)} is not an Echo-TTS server") from None


def _packets_of_events(response: httpx.Response, words: list[TimedWord]) -> Iterator[bytes]:
    """Yield the audio of OpenAI's events; add the words of each to `words`."""
    is_complete = False
    for line in response.iter_lines():
        if not line.startswith("data: "):
            continue
        event = json.loads(line.removeprefix("data: "))
        is_complete = event["type"] == "speech.audio.done"
        told = event.get("words", [])[len(words) if is_complete else 0 :]
        words += [TimedWord(word["word"], word["start"], word["end"]) for word in told]
        if "audio" in event:
            yield base64.b64decode(event["audio"])
    if not is_complete:
        raise CallFailed(BROKE_OFF)


def _refusal(response: httpx.Response) -> CallFailed:
    """Return the error that an answer without audio stands for."""
    status = f"HTTP {response.status_code} {response.reason_phrase}"
    is_ours = True
    try:
        message = one_line(response.json()["error"]["message"])
        if message.startswith(TOO_LONG):
            return TooLong(message)
    except (ValueError, TypeError, KeyError):  # a proxy's page, or another server
        message = f"{_host(response)} answers {status}: does the graph run there?"
        is_ours = False
    if response.status_code in (httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.TOO_MANY_REQUESTS):
        unavailable = Unavailable(message)
        seconds = response.headers.get("Retry-After", "")
        if seconds.isdecimal():
            unavailable.retry_after_s = float(seconds)
        return unavailable
    if is_ours and response.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
        return TooLong(message)
    return Refused(message) if is_ours and response.is_client_error else CallFailed(message)


def _host(response: httpx.Response) -> str:
    """Return host and port without the name and password that a URL may hold."""
    return response.url.netloc.decode()
