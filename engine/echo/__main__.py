"""`python -m engine.echo download | tiny-checkpoint`: puts weights where the engine finds them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from engine.echo.checkpoints import tiny as tiny_checkpoint
from engine.echo.checkpoints.folder import CheckpointError
from engine.echo.checkpoints.load import FILES, download


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the process's exit status."""
    parser = argparse.ArgumentParser(prog="python -m engine.echo", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    fetch = commands.add_parser(
        "download", help="download the published weights, into the Hugging Face cache by default"
    )
    fetch.add_argument("--weights-dir", type=Path, help="a folder to put them into instead")
    tiny = commands.add_parser(
        "tiny-checkpoint", help="write small random weights: noise, to try the system with"
    )
    tiny.add_argument("folder", type=Path)
    tiny.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    if options.command == "tiny-checkpoint":
        tiny_checkpoint.write(options.folder, seed=options.seed)
        sys.stdout.write(f"{options.folder}\n")
        return 0
    try:
        for file in FILES:
            sys.stdout.write(f"{download(file, options.weights_dir)}\n")
    except CheckpointError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
