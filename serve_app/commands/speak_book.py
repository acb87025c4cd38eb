"""`echo-tts speak` of what is too long for one request, and of M4B files."""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path

from tqdm import tqdm

from serve_app.audio_target import STDOUT
from serve_app.book.audio_file import M4B, M4B_AUDIO, write_audio, write_m4b
from serve_app.book.book import Book
from serve_app.book.chapters import read_chapters
from serve_app.book.parts import cut
from serve_app.book.speaking import BookSpeaker, Server
from serve_app.client import EMPTY, Refused
from serve_app.commands.speak_options import asked_fields
from speech.errors import InvalidRequest, one_line
from speech.formats import FORMATS, FormatName, check_sample_rate


def is_m4b(given: argparse.Namespace) -> bool:
    """Tell whether the options ask for an M4B, which no request gives."""
    return not given.format and Path(given.output).suffix.lower() == f".{M4B}"


def can_be_book(given: argparse.Namespace) -> bool:
    """Tell whether the options allow several requests: their audio is kept beside a file."""
    if given.subtitles is not None or given.output == STDOUT:
        return False
    return Path(given.output).is_file() or not Path(given.output).exists()


def speak_book(given: argparse.Namespace, book: Book, output_format: FormatName) -> None:
    """Speak a book in requests of its own and write one file.

    Raises:
        CallFailed: The server did not speak all of it; what it has spoken is kept.
        OSError: The file cannot be written.
    """
    output = M4B_AUDIO if is_m4b(given) else FORMATS[output_format]
    fields = asked_fields(given)
    rate_hz = output.default_sample_rate if given.sample_rate is None else given.sample_rate
    try:
        check_sample_rate(output, rate_hz)
        speed = given.speed if given.speed is not None and given.speed > 0 else 1.0
        chapters = book.chapters or read_chapters(book.text)
        parts = cut(chapters, fields.get("parameters", {}), speed)
    except InvalidRequest as error:
        raise Refused(error.message) from None
    if not parts:
        raise Refused(EMPTY)
    if len(parts) > 1 and not given.voice:
        raise Refused(
            f"this text takes {len(parts)} requests, and without --voice each would be spoken by "
            "another voice: name one (--voice default, if the server has a default_voice)"
        )
    speaker = BookSpeaker(
        Server(given.url, given.api_key, given.patience),
        parts,
        {**fields, "response_format": "pcm", "sample_rate": rate_hz},
        Path(f"{given.output}.parts"),
    )
    title = given.title or book.title or Path(given.file or given.output).stem
    started = time.monotonic()
    encode = (
        partial(write_m4b, title=title, author=book.author, cover=book.cover)
        if is_m4b(given)
        else partial(write_audio, output=output)
    )
    seconds = speaker.write(
        given.output,
        partial(encode, rate_hz=rate_hz, has_loudness=given.loudness is not None),
        is_quiet=given.quiet,
    )
    if not given.quiet:
        num_chapters = sum(part.chapter is not None for part in parts)
        print(
            f"{one_line(given.output)}: {tqdm.format_interval(seconds)} of "
            f"{M4B if is_m4b(given) else output.name} at {rate_hz} Hz in "
            f"{tqdm.format_interval(time.monotonic() - started)}; requests {len(parts)}, "
            f"chapters {num_chapters}",
            file=sys.stderr,
        )
