"""`echo-tts serve [key=value …]`: Ray and the graph on this machine."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from serve_app.commands.command_parser import CommandParser
from serve_app.environment import set_ray_defaults
from serve_app.exposure import is_loopback
from serve_app.haproxy.choice import choose_proxy
from serve_app.settings import Settings
from serve_app.settings_help import settings_help
from serve_app.wrong_settings import EXIT_STATUS, WrongSetting, read_settings, require_weights


def main(arguments: Sequence[str]) -> int:
    """Parse the command's arguments and serve until stopped."""
    parser = CommandParser(
        "echo-tts serve", "Serve on this machine until SIGTERM or Ctrl-C.", settings_help()
    )
    parser.add_argument("settings", nargs="*", metavar="key=value", help="settings, listed below")
    given, options = parser.parse_known_args(arguments)
    for assignment in (*options, *given.settings):
        if assignment.startswith("-") or not assignment.partition("=")[1]:
            parser.error(f"{assignment!r} is not key=value, such as port=8001")
    try:
        settings = read_settings(dict(item.split("=", 1) for item in given.settings))
        if "list_voices" not in settings.model_fields_set and is_loopback(settings.host):
            settings = settings.model_copy(update={"list_voices": True})
        return serve_here(settings)
    except WrongSetting as error:
        parser.exit(EXIT_STATUS, f"{parser.prog}: error: {error}\n")
    except KeyboardInterrupt:  # the graph was not there yet
        return 0


def serve_here(settings: Settings) -> int:
    """Set up what Ray reads from the environment, then serve; return the exit status.

    Raises:
        WrongSetting: One does not fit this machine.
    """
    # Without a handler, the first process of a container ignores SIGTERM while it starts.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    set_ray_defaults(only_loopback=is_loopback(settings.host))
    require_weights(settings)
    choose_proxy(settings)
    from serve_app.http_server import serve_graph

    return serve_graph(settings)
