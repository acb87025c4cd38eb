"""JSON as callers send it, and as they get it where there is audio in it."""

from __future__ import annotations

import json
import sys
from typing import Any

from fastapi import Response
from pydantic_core import to_json

from speech.errors import InvalidRequest

_MAX_DIGITS = sys.int_info.str_digits_check_threshold
"""Digits of an integer that Python reads and writes whatever it is set to."""


def parse_json(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    Of an integer with hundreds of digits some are dropped: it is beyond every bound all the same,
    and the error can name the field.

    Raises:
        ValueError: It is no JSON text, or nested too deeply.
    """
    try:
        return json.loads(text, parse_int=_integer)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def parse_object(text: str | bytes, name: str) -> dict[str, Any]:
    """Return the object of a JSON text that errors call `name`; see `parse_json`.

    Raises:
        InvalidRequest: It is no JSON text, or no object.
    """
    try:
        value = parse_json(text)
    except ValueError:
        raise InvalidRequest(f"The {name} is not valid JSON") from None
    if not isinstance(value, dict):
        raise InvalidRequest(f"The {name} is not a JSON object")
    return value


class FastJSONResponse(Response):
    """A response that may hold whole audio: pydantic writes it in a tenth of Python's time."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        """Return the JSON text of `content`."""
        return to_json(content)


def _integer(digits: str) -> int:
    return int(digits[:_MAX_DIGITS])
