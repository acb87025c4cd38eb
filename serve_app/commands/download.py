"""`echo-tts download`: fetches the published weights ahead of the first start."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from engine.echo.checkpoints.folder import CheckpointError
from engine.echo.checkpoints.published import FILES, download
from serve_app.commands.command_parser import CommandParser
from serve_app.standard_streams import print_report

LICENCE = (
    "The weights are licensed CC-BY-NC-SA-4.0, the speech made with them as well: "
    "no commercial use."
)


def main(arguments: Sequence[str]) -> int:
    """Parse the command's arguments, download, and return the exit code."""
    parser = CommandParser(
        "echo-tts download",
        "Download the published weights, so that the first start need not, and print where each "
        "file is.",
        LICENCE,
    )
    parser.add_argument(
        "--weights-dir",
        type=Path,
        metavar="FOLDER",
        help="where to put them; serve takes them from there with weights_dir=FOLDER (default: the "
        "Hugging Face cache, where it looks by itself)",
    )
    given = parser.parse(arguments)

    print(LICENCE, file=sys.stderr)
    try:
        for file in FILES:
            print_report(str(download(file, given.weights_dir)))
    except CheckpointError as error:
        print(f"download: {error}", file=sys.stderr)
        return 1
    return 0
