"""`echo-tts download`: fetches the published weights ahead of the first start."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

LICENCE = (
    "The weights are licensed CC-BY-NC-SA-4.0, the speech made with them as well: "
    "no commercial use."
)


def main(arguments: Sequence[str]) -> int:
    """Parse the command's arguments, download, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="echo-tts download",
        description="Download the published weights and print where each file is.",
        epilog=LICENCE,
    )
    parser.add_argument(
        "--weights-dir",
        type=Path,
        metavar="FOLDER",
        help="where to put them (default: the Hugging Face cache)",
    )
    given = parser.parse_args(arguments)

    # Here, so that --help does not wait for torch.
    from engine.echo.checkpoints.folder import CheckpointError
    from engine.echo.checkpoints.load import FILES, download

    print(LICENCE, file=sys.stderr)
    try:
        for file in FILES:
            print(download(file, given.weights_dir))
    except CheckpointError as error:
        print(f"download: {error}", file=sys.stderr)
        return 1
    return 0
