"""Standard input and output where they are closed, full, or have no reader any more."""

from __future__ import annotations

import io
import os
import sys

OUTPUT_FAILED = 3
"""The exit code of a command whose report did not reach standard output."""


def prepare_streams() -> None:
    """Make the standard streams take what a command writes, whatever it was started with.

    Characters that the terminal does not have are escaped. For a stream that is closed another is
    opened: what is said on standard error then goes nowhere. The other two fail when they are
    used: a file that is opened for the wrong direction takes their places.
    """
    if sys.stdin is None:
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_WRONLY), "r")
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as standard error has it


def print_report(text: str) -> None:
    """Print a command's result; where standard output does not take it, end the process.

    One that nobody reads on, as behind `| head`, ends without a word.
    """
    try:
        print(text, flush=True)
    except OSError as error:
        drop_output()
        if not isinstance(error, BrokenPipeError):
            print(f"Standard output cannot be written: {error.strerror}", file=sys.stderr)
        sys.exit(OUTPUT_FAILED)


def drop_output() -> None:
    """Send the rest of standard output nowhere; Python would try to write it as it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
