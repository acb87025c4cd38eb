"""`echo-tts <command> …`: finds the command's module, the only one that is imported."""

from __future__ import annotations

import importlib
import signal
import sys
from collections.abc import Sequence

from deployments.version import VERSION
from serve_app.commands.command_parser import CommandParser
from serve_app.standard_streams import prepare_streams

COMMANDS = {
    "serve": ("serve_app.commands.serve", "serve the graph on this machine"),
    "speak": ("serve_app.commands.speak", "have a running server speak, into a file or a pipe"),
    "check-voice": (
        "serve_app.commands.check_voice",
        "measure a voice file and find its faults",
    ),
    "download": ("serve_app.commands.download", "fetch the published weights"),
}
"""The commands by name: the module, and its purpose."""
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that `arguments` (by default the process's) name; return its exit code."""
    prepare_streams()
    given = sys.argv[1:] if arguments is None else arguments
    parser = CommandParser(
        "echo-tts",
        "Text to speech in the voice of any recording: a server and its tools.",
        "\n".join(
            ["commands:", *(f"  {name:<14}{purpose}" for name, (_, purpose) in COMMANDS.items())]
        ),
    )
    parser.usage = "%(prog)s [-h] [--version] command …"
    parser.add_argument("--version", action="version", version=f"%(prog)s {VERSION}")
    parser.add_argument(
        "command", choices=COMMANDS, metavar="command", help="each has a --help of its own"
    )
    name, _ = COMMANDS[parser.parse(given[:1]).command]
    try:
        let_signals_interrupt()
        return int(importlib.import_module(name).main(given[1:]))
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted\n")
        return INTERRUPTED


def let_signals_interrupt() -> None:
    """Have SIGTERM, and SIGHUP unless it is ignored as under nohup, end a command as Ctrl-C does.

    A command then removes what it has half written.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, signal.default_int_handler)


if __name__ == "__main__":
    sys.exit(main())
