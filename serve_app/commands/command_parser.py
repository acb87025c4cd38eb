"""The parser of a command's arguments; wrong usage is one line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from serve_app.setting_names import nearest
from speech.errors import one_line, shorten

BAD_USAGE = 2
MAX_MESSAGE_CHARS = 300


class CommandParser(argparse.ArgumentParser):
    """Parses the arguments of `prog`, whose help is laid out as it is written.

    Args:
        prog: The command.
        description: What it does.
        epilog: The end of its help.
        one_too_many: Advice where there is an argument more than the command takes.
    """

    def __init__(
        self, prog: str, description: str, epilog: str | None = None, one_too_many: str = ""
    ) -> None:
        super().__init__(
            prog,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self._one_too_many = one_too_many

    def error(self, message: str) -> NoReturn:
        """End the process with a line that tells what is wrong and where to read on."""
        told = one_line(shorten(message, MAX_MESSAGE_CHARS))
        self.exit(BAD_USAGE, f"{self.prog}: error: {told}; see {self.prog} --help\n")

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Return the parsed arguments; an unknown one is answered with the one that it is like."""
        given, unknown = self.parse_known_args(arguments)
        for argument in unknown:
            name = argument.partition("=")[0]
            options = [option for option in self._option_string_actions if option.startswith("--")]
            like = nearest(name, options) if name.startswith("--") else None
            hint = f"did you mean {like}?" if like else ""
            if not name.startswith("-"):
                hint = self._one_too_many
            self.error(f"unknown argument {argument!r}" + f" ({hint})" * bool(hint))
        return given
