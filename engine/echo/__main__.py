"""`python -m engine.echo tiny-checkpoint`: writes random weights to try the system with."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from engine.echo.checkpoints import tiny as tiny_checkpoint


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return the process's exit status."""
    parser = argparse.ArgumentParser(prog="python -m engine.echo", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    tiny = commands.add_parser(
        "tiny-checkpoint", help="write small random weights: noise, to try the system with"
    )
    tiny.add_argument("folder", type=Path)
    tiny.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    tiny_checkpoint.write(options.folder, seed=options.seed)
    sys.stdout.write(f"{options.folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
