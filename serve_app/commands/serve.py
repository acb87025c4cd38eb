"""`echo-tts serve [key=value …]`: Ray and the graph on this machine."""

from __future__ import annotations

import json
import logging
import shlex
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from serve_app.commands.command_parser import CommandParser
from serve_app.environment import set_ray_defaults
from serve_app.exposure import is_loopback
from serve_app.haproxy.choice import choose_proxy, is_haproxy_in_front
from serve_app.settings import Settings
from serve_app.settings_help import settings_help
from serve_app.wrong_settings import EXIT_STATUS, WrongSetting, read_settings
from speech.errors import one_line

logger = logging.getLogger(__name__)

READY_POLL_S = 0.2


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
    except WrongSetting as error:
        parser.exit(EXIT_STATUS, f"{parser.prog}: error: {error}\n")
    if "list_voices" not in settings.model_fields_set and is_loopback(settings.host):
        settings = settings.model_copy(update={"list_voices": True})
    try:
        return serve_here(settings)
    except KeyboardInterrupt:  # the graph was not there yet
        return 0


def serve_here(settings: Settings) -> int:
    """Serve the graph over HTTP until told to stop by SIGTERM or Ctrl-C; return the exit status.

    Running requests may then finish first, for up to `drain_s`. On a joined cluster the graph goes
    on without this process. A graph that cannot speak for `outage_s` ends it with status 1.
    """
    set_ray_defaults(only_loopback=is_loopback(settings.host))
    try:
        choose_proxy(settings)
    except WrongSetting as error:
        logger.critical("%s", error)
        return EXIT_STATUS
    from serve_app.boot import (
        APP_NAME,
        StartFailed,
        joins_cluster,
        run_graph,
        start_ray,
        stop_ray,
    )
    from serve_app.draining import (
        GraphLost,
        Signals,
        drain,
        let_proxies_drain_soon,
        wait_for_signal,
    )
    from serve_app.watch import GraphWatch, can_speak

    let_proxies_drain_soon()
    try:
        start_ray(settings, http=True)
    except StartFailed as error:
        logger.critical("%s", error)
        return 1
    except KeyboardInterrupt:
        stop_ray(gracefully=False)
        raise
    status = 0
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # in place of Ray's: as Ctrl-C
        ingress = run_graph(settings, http=True)
        watch = GraphWatch(partial(can_speak, ingress), settings.outage_s)
        watch.start()
        signals = Signals()
        # Not before: a signal that follows the announcement has to drain.
        threading.Thread(target=_announce, args=(settings,), daemon=True).start()
        wait_for_signal(signals, watch)
        if not joins_cluster():
            drain(APP_NAME, settings.drain_s, signals)
    except KeyboardInterrupt:
        logger.warning("Stopping")  # while it was starting
    except StartFailed as error:
        logger.critical("%s", error)
        status = 1
    except GraphLost as error:
        logger.critical("%s: this process ends, to be started anew", error)
        status = 1
    finally:
        stop_ray(gracefully=status == 0)
    return status


def _announce(settings: Settings) -> None:
    """Print the announcement once the graph can speak."""
    from serve_app.boot import metrics_url

    while not _answers(f"{_address(settings)}/ping"):
        time.sleep(READY_POLL_S)
    print(announcement(settings, metrics_url()), flush=True)


def announcement(settings: Settings, metrics_url: str) -> str:
    """Return what an operator wants to know of a server that is ready, its last line a command."""
    address = _address(settings)
    keys = "one of ECHO_API_KEYS" if settings.api_keys else "none is asked for"
    proxy = " (HAProxy)" if is_haproxy_in_front() else ""
    return "\n".join(
        (
            f"Ready. Page: {address}/  API: {address}/docs",
            f"Listening on: {settings.host} port {settings.port}{proxy}",
            f"Key: {keys}",
            f"Voices folder: {one_line(settings.voices_dir)}",
            f"Metrics for Prometheus: {metrics_url}",
            "Say something:",
            curl_line(settings),
        )
    )


def curl_line(settings: Settings) -> str:
    """Return a command that writes speech.mp3 in a voice that is there."""
    voices = sorted(path.name for path in Path(settings.voices_dir).glob("*.ogg"))
    body = {
        "input": "Hello! This is my voice, and these are your words.",
        "voice": voices[0] if voices else "default",
    }
    command = [
        *("curl", "-f", f"{_address(settings)}/v1/audio/speech"),
        *("-H", "Content-Type: application/json", "-d", json.dumps(body), "-o", "speech.mp3"),
    ]
    if settings.api_keys:
        command += ["-H", "Authorization: Bearer <one of ECHO_API_KEYS>"]
    return shlex.join(command)


def _address(settings: Settings) -> str:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104 (any)
    return f"http://{host}:{settings.port}"


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 (our own address)
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
