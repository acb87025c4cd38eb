"""The list of all settings that `echo-tts serve --help` prints."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from serve_app.setting_names import variables_of
from serve_app.settings import Settings

WIDTH = 100


def settings_help() -> str:
    """Return every setting as `name=default`, with its variables and its description."""
    return "\n".join(("settings, each with its default and its environment variable:", *_lines()))


def written(value: object) -> str:
    """Return a setting's value the way it is given, nothing for None."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return "" if value is None else str(value)


def _lines() -> Iterator[str]:
    indent = " " * 6
    for name, field in Settings.model_fields.items():
        yield f"  {name}={written(field.default)}  ({', '.join(variables_of(name, field))})"
        yield textwrap.fill(
            str(field.description), WIDTH, initial_indent=indent, subsequent_indent=indent
        )
