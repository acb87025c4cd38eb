"""A book spoken part by part, each by a request of its own, into one file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tenacity import RetryCallState, Retrying, retry_if_exception, wait_exponential

from serve_app.audio_target import open_target
from serve_app.book.levels import SpokenPart
from serve_app.book.parts import Part
from serve_app.book.progress import Progress
from serve_app.book.work_folder import WorkFolder
from serve_app.client import NO_AUDIO, CallFailed, NoServer, Refused, Unavailable, stream_speech
from speech.errors import one_line

Encode = Callable[[BinaryIO, Sequence[SpokenPart]], float]
MAX_TRIES = 3
"""Tries at a request that the server fails, rather than asks to repeat."""
_BACKOFF = wait_exponential(max=30)


@dataclass(frozen=True)
class Server:
    """A server and how to call it; see `stream_speech`."""

    url: str
    api_key: str | None
    patience_s: float


class BookSpeaker:
    """Has the parts of one book spoken, going on where an earlier run stopped.

    Args:
        server: The server that speaks.
        parts: The book.
        fields: The fields of each request's body but its text.
        folder: The folder that keeps the audio until the book is complete.
    """

    def __init__(
        self, server: Server, parts: Sequence[Part], fields: Mapping[str, Any], folder: Path
    ) -> None:
        self._server = server
        self._parts = parts
        self._bodies = [{**fields, "input": part.text} for part in parts]
        self._folder = WorkFolder(folder)
        self._has_spoken = False

    def write(self, output: str, encode: Encode, *, is_quiet: bool) -> float:
        """Speak what is missing, and write the file; return its seconds.

        Args:
            output: Name of the file.
            encode: Writes spoken parts to a binary file and returns the seconds.
            is_quiet: Whether no progress is told.

        Raises:
            CallFailed: A request was not spoken; those before it are kept.
            OSError: A file cannot be written.
        """
        with self._folder.locked():
            try:
                self._speak(is_quiet)
            except BaseException:
                self._folder.remove_if_empty()
                raise
            if not is_quiet:
                sys.stderr.write(f"all is spoken, writing {one_line(output)}\n")
            spoken = [
                SpokenPart(part, self._folder.audio_of(body))
                for part, body in zip(self._parts, self._bodies, strict=True)
            ]
            with open_target(output) as target:
                seconds = encode(target, spoken)
            self._folder.remove()
        return seconds

    def _speak(self, is_quiet: bool) -> None:
        first: dict[Path, tuple[int, dict[str, Any]]] = {}  # what comes twice is spoken once
        for number, body in enumerate(self._bodies, 1):
            first.setdefault(self._folder.audio_of(body), (number, body))
        missing = [spoken for file, spoken in first.items() if not file.exists()]
        num_chars = sum(len(part.text) for part in self._parts)
        done_chars = num_chars - sum(len(body["input"]) for _, body in missing)
        with Progress(len(self._parts), num_chars, done_chars, is_quiet=is_quiet) as progress:
            for number, body in missing:
                progress.begin(number)
                try:
                    self._folder.keep(body, self._audio(body, progress))
                except (CallFailed, KeyboardInterrupt) as error:
                    if number == 1:
                        raise
                    told = str(error) or "Interrupted"
                    goes_on = f"the same command goes on at request {number} of {len(self._parts)}"
                    raise type(error)(f"{told}; {goes_on}") from None
                progress.spoken(number, len(body["input"]))

    def _audio(self, body: Mapping[str, Any], progress: Progress) -> bytes:
        """Return the audio that `body` asks for; a try that fails is repeated where that may help.

        Raises:
            CallFailed: The last try failed.
        """

        def wait_s(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked_s = error.retry_after_s if isinstance(error, Unavailable) else None
            return _BACKOFF(state) if asked_s is None else asked_s

        def is_over(state: RetryCallState) -> bool:
            error = state.outcome.exception() if state.outcome else None
            waited_s = state.seconds_since_start or 0.0
            tries = state.attempt_number
            return waited_s + state.upcoming_sleep > self._server.patience_s or (
                tries >= MAX_TRIES and not isinstance(error, Unavailable)
            )

        def tell(state: RetryCallState) -> None:
            progress.waits(
                str(state.outcome.exception() if state.outcome else ""), state.upcoming_sleep
            )

        retrying = Retrying(
            retry=retry_if_exception(self._may_pass),
            wait=wait_s,
            stop=is_over,
            before_sleep=tell,
            reraise=True,
        )
        audio: bytes = retrying(self._try, body)
        self._has_spoken = True
        return audio

    def _may_pass(self, error: BaseException) -> bool:
        """Tell whether another try may succeed; a server that never answered may be a typo."""
        if isinstance(error, NoServer):
            return self._has_spoken
        return isinstance(error, CallFailed) and not isinstance(error, Refused)

    def _try(self, body: Mapping[str, Any]) -> bytes:
        server = self._server
        with stream_speech(server.url, server.api_key, body, server.patience_s) as speech:
            audio = b"".join(speech.packets)
        if not audio:
            raise CallFailed(NO_AUDIO)
        return audio
