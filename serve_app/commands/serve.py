"""`python -m serve_app serve [key=value …]`: Ray and `serve run` on this machine."""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from serve_app.settings import Settings

READY_POLL_S = 0.2


def main(arguments: Sequence[str]) -> int:
    """Parse the command's arguments and serve until stopped."""
    parser = argparse.ArgumentParser(
        prog="python -m serve_app serve", description="Serve the graph on this machine."
    )
    parser.add_argument(
        "settings", nargs="*", metavar="key=value", help="settings, as in the README's table"
    )
    given = parser.parse_args(arguments)
    for assignment in given.settings:
        if "=" not in assignment:
            parser.error(f"{assignment!r} is not key=value")
    serve_here(given.settings)
    return 0


def serve_here(assignments: list[str]) -> None:
    """Run Ray Serve's own `serve run` on a Ray started with our settings; blocks until stopped.

    Told to stop, it lets running requests finish first, for up to `drain_s`.
    """
    settings = Settings.model_validate(dict(item.split("=", 1) for item in assignments))

    from ray import serve
    from ray.serve.scripts import cli

    from serve_app.boot import APP_NAME, start_ray
    from serve_app.draining import drain_when_told, let_proxies_drain_soon

    let_proxies_drain_soon()
    start_ray(settings, http=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until it serves, as Ctrl-C
    threading.Thread(target=_announce, args=(settings,), daemon=True).start()
    target = ["serve_app:build_app", *assignments] if assignments else ["serve_app:app"]
    # Blocking, it would shut down at once on Ctrl-C, and not at all on SIGTERM.
    cli(["run", "--non-blocking", *target], standalone_mode=False)
    try:
        asyncio.run(drain_when_told(APP_NAME, settings.drain_s))
    finally:
        serve.shutdown()  # type: ignore[no-untyped-call]


def _announce(settings: Settings) -> None:
    """Print how to speak, once the graph can, and where its metrics are."""
    from serve_app.boot import metrics_url

    while not _answers(f"{_address(settings)}/ping"):
        time.sleep(READY_POLL_S)
    print(f"\nMetrics for Prometheus: {metrics_url()}", flush=True)
    print(f"\nReady. Say something:\n\n{curl_line(settings)}\n", flush=True)


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
