"""Edits HAProxy's configuration and becomes HAProxy.

    python launcher.py FOLDER BINARY -f CONFIGURATION …

Ray Serve calls it at every start and reload, so it imports nothing but the standard library.
FOLDER holds `edits.json`, as `edits.edits` makes them. HAProxy ends with the process that called.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

PORT = "@PORT@"
"""The placeholder, in a replacement, of the group `port` of its pattern."""
_EDITED = "# Written by Ray Serve, edited by its launcher.\n"
_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
_A_BACKEND = re.compile(r"^backend http-", re.MULTILINE)
_AN_INGRESS = re.compile(r"^    server SERVE_REPLICA", re.MULTILINE)


def main(folder: Path, binary: str, arguments: list[str]) -> None:
    """Edit the configuration that the arguments name, in place, and become HAProxy."""
    path = Path(arguments[arguments.index("-f") + 1])
    configuration = path.read_text()
    if not configuration.startswith(_EDITED):
        path.write_text(_EDITED + completed(configuration, folder))
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
    os.execv(binary, [binary, *arguments])  # noqa: S606 (to keep the process that Ray knows)


def completed(configuration: str, folder: Path) -> str:
    """Return the configuration with the edits that it takes now."""
    edits = json.loads((folder / "edits.json").read_text())
    seen = folder / "seen-an-ingress"
    if _AN_INGRESS.search(configuration):
        seen.touch()
    configuration = edited(configuration, edits["always"])
    has_backend = _A_BACKEND.search(configuration) is not None
    if has_backend:
        configuration = edited(configuration, edits["backend"])
    if not seen.exists():
        return edited(configuration, edits["starting"])
    return configuration if has_backend else edited(configuration, edits["lost"])


def edited(configuration: str, edits: Mapping[str, str]) -> str:
    """Return the configuration with every edit made.

    Raises:
        ValueError: An edit has no place in it, so the configuration is not the one it was made for.
    """
    for pattern, replacement in edits.items():
        whole_lines = re.compile(f"^{pattern}$", re.MULTILINE)
        configuration, count = whole_lines.subn(partial(_filled, replacement), configuration)
        if not count:
            raise ValueError(f"HAProxy's configuration has no line like {pattern!r}")
    return configuration


def _filled(replacement: str, match: re.Match[str]) -> str:
    return replacement.replace(PORT, match.groupdict().get("port", PORT))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
