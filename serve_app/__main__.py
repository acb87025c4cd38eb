"""`python -m serve_app <command> …`: finds the command's module, the only one that is imported."""

from __future__ import annotations

import argparse
import importlib
import sys

COMMANDS = {
    "serve": ("serve_app.commands.serve", "serve the graph on this machine"),
    "speak": ("serve_app.commands.speak", "have a running server speak into a file or a pipe"),
    "check-voice": ("serve_app.commands.check_voice", "tell what becomes of a reference file"),
}
"""By name: the module, and what it is for."""


def main(arguments: list[str]) -> int:
    """Run the command that `arguments` name; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m serve_app",
        usage="%(prog)s [-h] command …",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(
            ["commands:", *(f"  {name:<14}{purpose}" for name, (_, purpose) in COMMANDS.items())]
        ),
    )
    parser.add_argument("command", choices=COMMANDS, help="each has a --help of its own")
    module = importlib.import_module(COMMANDS[parser.parse_args(arguments[:1]).command][0])
    return int(module.main(arguments[1:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
