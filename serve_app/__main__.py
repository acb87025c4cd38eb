"""`python -m serve_app serve [key=value …]`: Ray and `serve run` on this machine."""

from __future__ import annotations

import argparse
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from serve_app.settings import Settings

READY_POLL_S = 0.2


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line and run the command."""
    parser = argparse.ArgumentParser(prog="python -m serve_app")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("serve", help="serve the graph on this machine")
    command.add_argument(
        "settings", nargs="*", metavar="key=value", help="settings, as in the README's table"
    )
    command.set_defaults(run=lambda given: serve_here(given.settings))
    given = parser.parse_args(arguments)
    given.run(given)


def serve_here(assignments: list[str]) -> None:
    """Run Ray Serve's own `serve run` on a Ray started with our settings; blocks until stopped."""
    settings = Settings.model_validate(dict(item.split("=", 1) for item in assignments))

    from ray.serve.scripts import cli

    from serve_app.boot import start_ray

    start_ray(settings, http=True)
    threading.Thread(target=_announce, args=(settings,), daemon=True).start()
    target = ["serve_app:build_app", *assignments] if assignments else ["serve_app:app"]
    cli(["run", *target])


def _announce(settings: Settings) -> None:
    """Print how to speak, once the graph can."""
    address = f"http://127.0.0.1:{settings.port}"
    while not _answers(f"{address}/ping"):
        time.sleep(READY_POLL_S)
    print(
        f"\nReady, engine {settings.engine}. Say something:\n\n{curl_line(settings)}\n", flush=True
    )


def curl_line(settings: Settings) -> str:
    """Return a command that writes speech.mp3 in a voice that is there."""
    voices = sorted(path.name for path in Path(settings.voices_dir).glob("*.ogg"))
    voice = voices[0] if voices else "default"
    body = f'{{"input": "Hello! This is my voice, and these are your words.", "voice": "{voice}"}}'
    return (
        f"  curl -f http://127.0.0.1:{settings.port}/v1/audio/speech "
        f"-H 'Content-Type: application/json' -d '{body}' -o speech.mp3"
    )


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 (our own address)
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    main(sys.argv[1:])
