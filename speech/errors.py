"""The errors that a caller can see; no other may reach one.

Each is a class with a `code` and an `http_status`; the first line of its docstring says what it
means. docs/api.md lists them.

The message is one line meant for the caller: no path, no traceback, no host name, no key.
Arguments are positional and kept in `args`, or Ray cannot unpickle the error behind a handle.
"""

from __future__ import annotations

from typing import ClassVar

TOO_LONG = "Text too long:"
"""The beginning of the message to a text that is too long for one request."""
MAX_PARAM_CHARS = 64
"""The most characters of a field's name, which may be the caller's own, that an error repeats."""


def one_line(text: str) -> str:
    """Return `text` with every control or unprintable character escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shorten(text: str, max_chars: int) -> str:
    """Return `text`, cut to `max_chars` characters and an ellipsis where it is longer."""
    return text if len(text) <= max_chars else f"{text[:max_chars]}…"


class SpeechError(Exception):
    """The base of all errors that a caller can see.

    Args:
        message: The line that the caller reads.
        param: The field at fault, if any.
        way_out: Advice to the caller, kept apart where the contract fixes the message.
    """

    code: ClassVar[str] = "internal_error"
    http_status: ClassVar[int] = 500

    def __init__(
        self, message: str, param: str | None = None, way_out: str | None = None, /
    ) -> None:
        if param is not None:
            param = shorten(one_line(param), MAX_PARAM_CHARS)
        super().__init__(one_line(message), param, *([] if way_out is None else [way_out]))

    @property
    def message(self) -> str:
        """The line that the caller reads."""
        return str(self.args[0])

    @property
    def param(self) -> str | None:
        """The field at fault, or None."""
        return None if len(self.args) < 2 else self.args[1]

    @property
    def way_out(self) -> str | None:
        """The advice to the caller, or None."""
        return None if len(self.args) < 3 else one_line(self.args[2])

    def __str__(self) -> str:
        return self.message


def error_behind(error: BaseException | None) -> SpeechError | None:
    """Return the error that a caller can see which an error was raised from, or which it is."""
    while error is not None and not isinstance(error, SpeechError):
        error = error.__cause__
    return error


class InvalidRequest(SpeechError):
    """The request is not valid."""

    code = "invalid_request"
    http_status = 400

    @classmethod
    def too_long(cls, num_chars: int, max_chars: int, param: str) -> InvalidRequest:
        """Return the error of a text of `num_chars` characters."""
        return cls(f"{TOO_LONG} {num_chars} characters (max {max_chars})", param)

    @classmethod
    def pauses_too_long(cls, seconds: float, max_s: float) -> InvalidRequest:
        """Return the error of a text whose pauses are of `seconds` together."""
        return cls(f"Pauses too long: {seconds:g} s in all (max {max_s:g})")


class BadKey(SpeechError):
    """The API key is missing or wrong."""

    code = "invalid_api_key"
    http_status = 401


class ForeignOrigin(SpeechError):
    """The caller is a web page of an origin that may not call."""

    code = "foreign_origin"
    http_status = 403


class VoiceNotFound(SpeechError):
    """The voice names no file under the voices folder."""

    code = "voice_not_found"
    http_status = 404


class Idle(SpeechError):
    """Nothing was sent or spoken on the connection for too long."""

    code = "idle_timeout"
    http_status = 408

    @classmethod
    def after(cls, seconds: float) -> Idle:
        """Return the error of a connection that was idle for `seconds`."""
        return cls(f"Nothing was sent for {seconds:g} s")


class BodyTimeout(SpeechError):
    """The request body did not arrive in time."""

    code = "body_timeout"
    http_status = 408

    @classmethod
    def after(cls, seconds: float) -> BodyTimeout:
        """Return the error of a body that had `seconds`."""
        return cls(f"The request body did not arrive within {seconds:g} s")


class ModelNotFound(SpeechError):
    """The model is not the one that is served."""

    code = "model_not_found"
    http_status = 404


class JobNotFound(SpeechError):
    """The job is unknown, or is no longer held."""

    code = "job_not_found"
    http_status = 404


class BodyTooLarge(SpeechError):
    """The request body exceeds the limit."""

    code = "body_too_large"
    http_status = 413

    @classmethod
    def beyond(cls, max_bytes: int) -> BodyTooLarge:
        """Return the error of a body of more than `max_bytes`."""
        return cls(f"Request body too large (max {max_bytes} bytes)")


class VoiceLost(SpeechError):
    """The prepared reference audio vanished with the process that owned it.

    Preparing the voice again helps.
    """

    code = "voice_lost"


class SamplerLost(SpeechError):
    """The sampler that drew a job is lost, with its process or its device.

    Drawing the job on another helps.
    """

    code = "sampler_lost"
    http_status = 503

    @classmethod
    def retry_later(cls) -> SamplerLost:
        """Return the error for the caller of such a job."""
        return cls("The sampler was lost, retry later")


class UploadFailed(SpeechError):
    """The bucket did not take the audio."""

    code = "upload_failed"


class ResultTooLarge(SpeechError):
    """The audio is too long, or too large for the answer that it must fit into."""

    code = "result_too_large"

    @classmethod
    def beyond(cls, max_audio_s: float) -> ResultTooLarge:
        """Return the error of audio that is longer than `max_audio_s`."""
        return cls(f"The audio exceeds {max_audio_s:g} s: send less text at a time")


class InternalError(SpeechError):
    """An error that was not foreseen."""

    code = "internal_error"

    @classmethod
    def of_request(cls, request_id: str) -> InternalError:
        """Return the error that tells a caller which request failed and nothing else."""
        return cls(f"Internal error (request {request_id})")


class Overloaded(SpeechError):
    """Every place in the queue is taken, or the device's memory."""

    code = "overloaded"
    http_status = 503

    def __init__(
        self, message: str = "Overloaded, retry later", param: str | None = None, /
    ) -> None:
        super().__init__(message, param)


class Cancelled(SpeechError):
    """The caller gave the request up."""

    code = "cancelled"
    http_status = 499


class VoicesUnavailable(SpeechError):
    """The voices folder does not answer: its file server may be gone."""

    code = "voices_unavailable"
    http_status = 503

    def __init__(
        self,
        message: str = "The voices folder does not answer, retry later",
        param: str | None = None,
        /,
    ) -> None:
        super().__init__(message, param)


class NotReady(SpeechError):
    """The engine is still starting, or the server is stopping."""

    code = "not_ready"
    http_status = 503


class DeadlineExceeded(SpeechError):
    """The request took longer than it may."""

    code = "deadline_exceeded"
    http_status = 504

    @classmethod
    def after(cls, seconds: float) -> DeadlineExceeded:
        """Return the error of a request that had `seconds`."""
        return cls(f"Deadline of {seconds:g} s exceeded")
