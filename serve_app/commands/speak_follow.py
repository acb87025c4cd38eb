"""`echo-tts speak --follow`: standard input, spoken while it is being written."""

from __future__ import annotations

import argparse
import sys

from serve_app.audio_target import StreamedHeader, open_target
from serve_app.client import Refused
from serve_app.commands.command_parser import CommandParser
from serve_app.commands.speak_options import asked_fields
from serve_app.follow import follow_speech
from speech.encoding import Encoder
from speech.errors import InvalidRequest, one_line
from speech.formats import FORMATS, FormatName
from speech.pcm import from_int16


def follow(given: argparse.Namespace, output_format: FormatName, parser: CommandParser) -> None:
    """Write the speech of standard input while that is being written.

    Raises:
        CallFailed: The server gave no audio, or not all of it.
        OSError: It cannot be written.
    """
    if given.text not in (None, "-") or given.file is not None or given.subtitles is not None:
        parser.error("--follow reads standard input: give no text, --file or --subtitles")
    row = FORMATS[output_format]
    sample_rate = row.default_sample_rate if given.sample_rate is None else given.sample_rate
    config = {**asked_fields(given), "sample_rate": sample_rate}
    num_samples = 0
    try:
        encoder = Encoder(row, sample_rate, sample_rate, limits_peaks=given.loudness is not None)
    except InvalidRequest as error:
        raise Refused(error.message) from None
    with open_target(given.output) as target:
        header = StreamedHeader(target)

        def write(packet: bytes) -> None:
            target.write(packet)
            target.flush()
            header.feed(packet)

        for frame in follow_speech(
            given.url, given.api_key, config, sys.stdin.buffer, given.patience
        ):
            pcm = from_int16(frame)
            num_samples += len(pcm)
            write(encoder.encode(pcm))
        write(encoder.finish())
        header.complete(num_samples)
    if not given.quiet:
        print(
            f"{one_line(given.output)}: {num_samples / sample_rate:.1f} s of {output_format} at "
            f"{sample_rate} Hz",
            file=sys.stderr,
        )
