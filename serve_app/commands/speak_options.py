"""The options of `echo-tts speak`."""

from __future__ import annotations

import argparse
import json
import math
import os
from typing import Any

from serve_app.commands.command_parser import CommandParser
from speech.formats import FORMATS, FormatName

URL_VARIABLE, KEY_VARIABLE = "ECHO_URL", "ECHO_API_KEY"
DEFAULT_URL = "http://127.0.0.1:8000"
PATIENCE_S = 600.0
"""Seconds a server may send nothing: its own default deadline."""
LONGEST_S = 1e9
"""The longest patience: what is meant as for ever, in seconds that a socket takes."""
STDOUT_FORMAT: FormatName = "wav"

FAILED, BAD_INPUT, UNAVAILABLE, INTERRUPTED = 1, 2, 3, 130
_EXIT_CODES_HELP = f"""\
environment:
  {URL_VARIABLE}      the server, if there is no --url
  {KEY_VARIABLE}  a key, if the server asks for one

exit codes:
  0    all audio was written
  {FAILED}    the server failed, or the audio could not be written
  {BAD_INPUT}    the request is wrong: a voice that is not there, an option, the key
  {UNAVAILABLE}    no server answers, or it is starting or overloaded: try again later
  {INTERRUPTED}  interrupted; the server drops the request
Unless it is 0, no file is left or changed, except the folder PATH.parts of a book: it holds what
has been spoken, and the same command goes on from there.
"""


def speak_parser() -> CommandParser:
    """Return the parser of the command's arguments."""
    parser = CommandParser(
        "echo-tts speak",
        "Have a running server speak; the audio is written as it is made.",
        _EXIT_CODES_HELP,
        "quote a text of several words",
    )
    add = parser.add_argument
    add("text", nargs="?", help="the text to speak; - reads standard input")
    add(
        "--file",
        metavar="PATH",
        help="a text or Markdown file in UTF-8, or an EPUB, to speak; one that is too long for a "
        "request, such as a book, is spoken in many",
    )
    add(
        "--follow",
        action="store_true",
        help="speak standard input while it is being written, sentence by sentence",
    )
    add(
        "-o",
        "--output",
        required=True,
        metavar="PATH",
        help="the file to write, in the format that its suffix names; - is standard output, "
        ".m4b an audiobook with chapters",
    )
    add(
        "--voice",
        metavar="NAME",
        help="a file in the server's voices folder, with or without its suffix (default: the "
        "server's own voice); a book needs one",
    )
    add(
        "--format",
        choices=list(FORMATS),
        help=f"the format, if PATH's suffix does not name it; standard output gets {STDOUT_FORMAT}",
    )
    add(
        "--subtitles",
        metavar="PATH",
        help="also write subtitles, as .srt or .vtt",
    )
    add("--title", help="the title of an .m4b (default: the EPUB's, or the file's name)")
    add("--sample-rate", type=int, metavar="HZ", help="the sample rate of the audio")
    add("--speed", type=float, metavar="FACTOR", help="tempo, 0.25 to 4; the pitch stays")
    add("--loudness", type=float, metavar="LUFS", help="the loudness of the audio, -36 to -10")
    add("--seed", type=int, metavar="N", help="the same seed gives the same audio")
    add(
        "--parameter",
        action="append",
        default=[],
        type=_assignment,
        metavar="NAME=VALUE",
        help="one of docs/parameters.md, such as num_steps=20; may be repeated",
    )
    add(
        "--url",
        default=os.environ.get(URL_VARIABLE) or DEFAULT_URL,
        help=f"the address of the server, with or without /v1 (default: {DEFAULT_URL})",
    )
    add(
        "--patience",
        type=_seconds,
        default=PATIENCE_S,
        metavar="S",
        help="seconds that the server may send nothing, or be busy in mid-book "
        "(default: %(default)g)",
    )
    add("-q", "--quiet", action="store_true", help="no progress bar, no summary; errors only")
    # No option: other users of a machine see those.
    parser.set_defaults(api_key=os.environ.get(KEY_VARIABLE) or None)
    return parser


def asked_fields(given: argparse.Namespace) -> dict[str, Any]:
    """Return the fields of a speech body that the options give."""
    asked = {
        "voice": given.voice,
        "sample_rate": given.sample_rate,
        "speed": given.speed,
        "loudness": given.loudness,
        "seed": given.seed,
        "parameters": dict(given.parameter) or None,
    }
    return {name: value for name, value in asked.items() if value is not None}


def _assignment(given: str) -> tuple[str, Any]:
    """Return the name and the value, as JSON where it is some, else as text."""
    name, equals, value = given.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{given!r} is not name=value")
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):
        return name, value


def _seconds(given: str) -> float:
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{given!r} is not a number of seconds")
    return min(seconds, LONGEST_S)
