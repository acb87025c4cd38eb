"""The lines for the operator of a server that is ready."""

from __future__ import annotations

import json
import logging
import shlex
from pathlib import Path

from serve_app.haproxy.choice import is_haproxy_in_front
from serve_app.settings import Settings
from serve_app.standard_streams import drop_output
from speech.errors import SpeechError, one_line
from speech.voice_names import find_file

logger = logging.getLogger(__name__)


def announce(text: str) -> None:
    """Print `text`; the server goes on where standard output has no reader or no room."""
    try:
        print(text, flush=True)
    except OSError as error:
        drop_output()
        logger.warning("Ready; standard output takes nothing: %s", error.strerror)


def announcement(settings: Settings, metrics_url: str) -> str:
    """Return what an operator wants to know of a server that is ready, its last line a command."""
    address = address_of(settings)
    keys = "one of ECHO_API_KEYS" if settings.api_keys else "none is asked for"
    proxy = " (HAProxy)" if is_haproxy_in_front() else ""
    return "\n".join(
        (
            f"Ready. Page: {address}/  API: {address}/docs",
            f"Listening on: {settings.host} port {settings.port}{proxy}",
            f"Key: {keys}",
            f"Voices folder: {one_line(settings.voices_dir)}{_missing_voices(settings)}",
            f"Metrics for Prometheus: {metrics_url}",
            "Say something:",
            curl_line(settings),
        )
    )


def _missing_voices(settings: Settings) -> str:
    """Return what is missing of the folder, as far as it is seen from here."""
    if not Path(settings.voices_dir).is_dir():
        return ", which is not there: name one with voices_dir"
    if settings.default_voice is not None:
        try:
            find_file(settings.voices_dir, settings.default_voice)
        except SpeechError as error:
            return f", without the default_voice: {error.message}"
    return ""


def curl_line(settings: Settings) -> str:
    """Return a command that writes speech.mp3 in a voice that is there."""
    voices = sorted(path.name for path in Path(settings.voices_dir).glob("*.ogg"))
    body = {
        "input": "Hello! This is my voice, and these are your words.",
        "voice": voices[0] if voices else "default",
    }
    command = [
        *("curl", "-f", f"{address_of(settings)}/v1/audio/speech"),
        *("-H", "Content-Type: application/json", "-d", json.dumps(body), "-o", "speech.mp3"),
    ]
    if settings.api_keys:
        command += ["-H", "Authorization: Bearer <one of ECHO_API_KEYS>"]
    return shlex.join(command)


def address_of(settings: Settings) -> str:
    """Return the address at which a server with these settings is reached from here."""
    host = addresses_here(settings.host)[0]
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def addresses_here(host: str) -> tuple[str, ...]:
    """Return the addresses at which this machine reaches what listens on `host`."""
    return ("127.0.0.1", "::1") if host in ("0.0.0.0", "::") else (host,)  # noqa: S104 (any)
