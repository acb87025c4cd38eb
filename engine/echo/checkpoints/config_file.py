"""A checkpoint's `config.json`: its values replace the published model's."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from engine.echo.config import MAX_FRAMES, CodecConfig, DACConfig, EchoConfig, Head
from speech.errors import InvalidRequest
from speech.parameters import ModelParameters, complete

_CODECS: Mapping[str, CodecConfig] = {kind().kind: kind() for kind in get_args(CodecConfig)}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # it becomes an HTTP header


def dumps(config: EchoConfig) -> str:
    """Return the text of a `config.json`."""
    values = asdict(config)
    defaults = values["defaults"].items()
    values["defaults"] = {name: value for name, value in defaults if value is not None}
    return json.dumps(values, indent=2) + "\n"


def load_config(path: Path) -> EchoConfig:
    """Read a `config.json`; values that it lacks stay the published ones.

    Raises:
        ValueError: It has an unknown name or an unfit value.
    """
    try:
        given = json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f"config.json is not JSON: {error}") from None
    config: EchoConfig = _build(EchoConfig(), given, "config.json")
    return config


def _build(default: Any, given: Any, where: str) -> Any:
    """Return `default` with the values of `given` in it."""
    if not isinstance(given, dict):
        raise ValueError(f"{where} must be an object, not {given!r}")
    values = {name: getattr(default, name) for name in default.__dataclass_fields__}
    for name, value in given.items():
        if name not in values:
            raise ValueError(f"{where} has an unknown name {name!r} (known: {', '.join(values)})")
        values[name] = _value(values[name], value, f"{where}.{name}")
    return type(default)(**values)


def _value(known: Any, given: Any, where: str) -> Any:
    """Return `given` as a value of the same type as `known`."""
    if isinstance(known, ModelParameters):
        return _defaults(known, given, where)
    if isinstance(known, CodecConfig):
        return _build(_codec(given, where), given, where)
    if hasattr(known, "__dataclass_fields__"):
        return _build(known, given, where)
    if isinstance(known, tuple):
        return _heads(given, where)
    if isinstance(known, str):
        if not isinstance(given, str) or not _NAME.fullmatch(given):
            raise ValueError(f"{where} must be letters, digits, '.', '_' or '-', not {given!r}")
        return given
    if isinstance(known, bool):
        if not isinstance(given, bool):
            raise ValueError(f"{where} must be true or false, not {given!r}")
        return given
    return _number(known, given, where)


def _heads(given: Any, where: str) -> tuple[Head, ...]:
    """Return `given` if it is a list of pairs of whole numbers."""
    if not isinstance(given, list) or not all(map(_is_head, given)):
        raise ValueError(f"{where} must be a list of [layer, head], not {given!r}")
    return tuple((layer, head) for layer, head in given)


def _is_head(given: Any) -> bool:
    return isinstance(given, list) and [type(number) for number in given] == [int, int]


def _number(known: int | float, given: Any, where: str) -> int | float:
    """Return `given` as a positive number of the same type as `known`."""
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    whole = isinstance(known, int)
    # JSON has Infinity and NaN, and integers that no float holds.
    is_sized = is_number and (0 < given <= sys.float_info.max or given == known)
    fits = is_sized and not (whole and given % 1)
    if not fits:
        kind = "positive whole number" if whole else "positive number"
        raise ValueError(f"{where} must be a {kind}, not {given!r}")
    return type(known)(given)


def _codec(given: Any, where: str) -> CodecConfig:
    """Return the codec that `given` names; without a name it is S1-DAC."""
    kind = given.get("kind", DACConfig.kind) if isinstance(given, dict) else DACConfig.kind
    if not isinstance(kind, str) or kind not in _CODECS:
        raise ValueError(f"{where}.kind must be {' or '.join(_CODECS)}, not {kind!r}")
    return _CODECS[kind]


def _defaults(known: ModelParameters, given: Any, where: str) -> ModelParameters:
    if not isinstance(given, dict):
        raise ValueError(f"{where} must be an object, not {given!r}")
    try:
        return complete(given, known, MAX_FRAMES)
    except InvalidRequest as error:
        raise ValueError(f"{where}: {error.message}") from None
