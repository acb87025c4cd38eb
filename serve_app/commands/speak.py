"""`echo-tts speak TEXT -o FILE`: a running server's speech into a file or a pipe."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from tqdm import tqdm

from serve_app.audio_length import AudioLength
from serve_app.audio_target import STDOUT, StreamedHeader, open_target
from serve_app.book import markdown
from serve_app.book.audio_file import M4B, M4B_AUDIO
from serve_app.book.book import Book
from serve_app.book.epub.archive import EpubError
from serve_app.book.epub.reader import SUFFIX, read_epub
from serve_app.client import (
    NO_AUDIO,
    CallFailed,
    NoServer,
    Refused,
    TooLong,
    Unavailable,
    stream_speech,
)
from serve_app.commands.command_parser import CommandParser
from serve_app.commands.speak_book import can_be_book, is_m4b, speak_book
from serve_app.commands.speak_follow import follow
from serve_app.commands.speak_options import (
    BAD_INPUT,
    FAILED,
    INTERRUPTED,
    STDOUT_FORMAT,
    UNAVAILABLE,
    asked_fields,
    speak_parser,
)
from serve_app.standard_streams import drop_output
from speech.errors import one_line
from speech.formats import FORMATS, FormatName
from speech.subtitles import SubtitleFormat, write_subtitles
from speech.text.duration import estimate_duration_s
from speech.timestamps import TimedWord

MAX_REQUEST_CHARS = 100_000
"""The longest text that a server is asked to speak in one request, if it can be spoken in many."""
LONG_S = 10.0
"""Estimated seconds of speech from which a progress bar is shown."""

_WITHOUT_SERVER = "Start one with `echo-tts serve`, or name another with --url"
_EXIT_CODES = ((Refused, BAD_INPUT), (Unavailable, UNAVAILABLE), (CallFailed, FAILED))
_FORMAT_BY_SUFFIX: dict[str, FormatName] = {
    f".{M4B}": M4B_AUDIO.name,
    **{f".{row.name}": row.name for row in FORMATS.values()},
    **{f".{row.extension}": row.name for row in FORMATS.values()},
}
_FILES = (".txt", *markdown.SUFFIXES, SUFFIX)
_BAR = "{percentage:3.0f}%|{bar}| {n:.0f} of about {total:.0f} s of audio [{elapsed}]"


def main(arguments: Sequence[str]) -> int:
    """Parse the command's arguments, speak, and return the exit code."""
    parser = speak_parser()
    given = parser.parse(arguments)
    output_format = given.format or _format_of(given.output, parser)
    if given.subtitles is not None and _subtitle_format(given.subtitles) is None:
        parser.error(f"{given.subtitles!r}: subtitles are .srt or .vtt")
    if given.subtitles is not None and _same_file(given.subtitles, given.output):
        parser.error("--subtitles and --output name the same file")
    if is_m4b(given) and (given.follow or given.subtitles is not None):
        parser.error("an .m4b is a book: without --follow and --subtitles")
    if given.output == STDOUT and sys.stdout.isatty():
        parser.error("audio is not for a terminal: pipe it, or name a file with -o")
    try:
        if given.follow:
            follow(given, output_format, parser)
        else:
            _speak_all(given, _read_book(given, parser), output_format)
    except NoServer as error:
        return _fail(f"{error}. {_WITHOUT_SERVER}", UNAVAILABLE)
    except CallFailed as error:
        return _fail(
            str(error), next(code for kind, code in _EXIT_CODES if isinstance(error, kind))
        )
    except BrokenPipeError:
        drop_output()
        return _fail("Nobody reads the audio any more", FAILED)
    except OSError as error:
        named = given.output if error.filename is None else os.fsdecode(error.filename)
        told = "Standard output" if named == STDOUT else one_line(named)
        return _fail(f"{told} cannot be written: {error.strerror}", FAILED)
    except KeyboardInterrupt as stop:
        return _fail(str(stop) or "Interrupted", INTERRUPTED)
    return 0


def _format_of(output: str, parser: CommandParser) -> FormatName:
    if output == STDOUT:
        return STDOUT_FORMAT
    suffix = Path(output).suffix.lower()
    if suffix not in _FORMAT_BY_SUFFIX:
        parser.error(
            f"no format ends like {output!r}: name one with --format, or end the name with one of "
            f"{' '.join(sorted(_FORMAT_BY_SUFFIX))}"
        )
    return _FORMAT_BY_SUFFIX[suffix]


def _same_file(first: str, second: str) -> bool:
    return os.path.realpath(first) == os.path.realpath(second)


def _subtitle_format(path: str) -> SubtitleFormat | None:
    """Return the format that a file's name asks for."""
    suffix = Path(path).suffix.lower().removeprefix(".")
    return next((known for known in get_args(SubtitleFormat) if known == suffix), None)


def _write_subtitles(words: Sequence[TimedWord], path: str) -> None:
    subtitle_format = _subtitle_format(path)
    assert subtitle_format is not None, "the name was checked"
    with open_target(path) as target:
        target.write(write_subtitles(words, subtitle_format).encode())


def _read_book(given: argparse.Namespace, parser: CommandParser) -> Book:
    if (given.text is None) == (given.file is None):
        parser.error("give the text, - or --file, one of the three")
    if given.text and given.text.lower().endswith(_FILES) and os.path.isfile(given.text):
        parser.error(f"{given.text!r} is a file: to have it read, write --file before it")
    source = "standard input" if given.file is None else one_line(given.file)
    name = "" if given.file is None else given.file.lower()
    try:
        if name.endswith(SUFFIX):
            return read_epub(given.file)
        if given.file is not None:
            raw = Path(given.file).read_bytes()
        elif given.text == "-":
            raw = sys.stdin.buffer.read()
        else:
            source, raw = "the text", os.fsencode(given.text)
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        parser.error(f"{source} is not UTF-8: convert it, for example with iconv")
    except OSError as error:
        parser.error(f"{source} cannot be read: {error.strerror}")
    except EpubError as error:
        parser.error(f"{source} {error}")
    return Book(markdown.plain_text(text) if name.endswith(markdown.SUFFIXES) else text)


def _speak_all(given: argparse.Namespace, book: Book, output_format: FormatName) -> None:
    """Speak in one request if the server takes it and the file can have its audio, else in many.

    Raises:
        CallFailed: The server gave no audio, or not all of it.
        OSError: It cannot be written.
    """
    if not is_m4b(given) and (len(book.text) <= MAX_REQUEST_CHARS or not can_be_book(given)):
        try:
            _speak(given, book.text, output_format)
        except TooLong:
            if not can_be_book(given):
                raise
        else:
            return
    speak_book(given, book, output_format)


def _speak(given: argparse.Namespace, text: str, output_format: FormatName) -> None:
    """Write the speech, and tell how it goes.

    Raises:
        CallFailed: The server gave no audio, or not all of it.
        OSError: It cannot be written.
    """
    body = {"input": text, "response_format": output_format, **asked_fields(given)}
    if given.subtitles is not None:
        body |= {"stream_format": "sse", "timestamps": "word"}
    speed = given.speed if given.speed is not None and given.speed > 0 else 1.0
    expected_s = estimate_duration_s(text) / speed
    is_shown = not given.quiet and sys.stderr.isatty() and expected_s >= LONG_S
    started = time.perf_counter()
    first_s = None
    with (
        open_target(given.output) as target,
        tqdm(total=expected_s, bar_format=_BAR, disable=not is_shown, leave=False) as bar,
        stream_speech(given.url, given.api_key, body, given.patience) as speech,
    ):
        header = StreamedHeader(target)
        length = AudioLength(FORMATS[output_format], speech.sample_rate_hz)
        for packet in speech.packets:
            if first_s is None:
                first_s = time.perf_counter() - started
            target.write(packet)
            target.flush()
            header.feed(packet)
            length.feed(packet)
            bar.total = max(bar.total, length.about_s)
            bar.update(length.about_s - bar.n)
        if first_s is None:
            raise CallFailed(NO_AUDIO)
        try:
            total_s = length.total_s()
        except ValueError:
            raise CallFailed(f"What the server sent is not {output_format}") from None
        header.complete(round(total_s * speech.sample_rate_hz))
        if given.subtitles is not None:
            _write_subtitles(speech.words, given.subtitles)
    if not given.quiet:
        print(
            f"{one_line(given.output)}: {total_s:.1f} s of {output_format} at "
            f"{speech.sample_rate_hz} Hz in {time.perf_counter() - started:.1f} s, the first after "
            f"{first_s:.2f} s; engine {speech.engine}, seed {speech.seed}, "
            f"request {speech.request_id}",
            file=sys.stderr,
        )


def _fail(message: str, exit_code: int) -> int:
    print(f"speak: {message}", file=sys.stderr)
    return exit_code
