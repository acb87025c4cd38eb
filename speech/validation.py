"""The field types that all request models share, and pydantic's errors in one line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from speech.errors import shorten

_SUBJECT = re.compile("^(?:Input|String) ")

MAX_SHOWN_CHARS = 60
"""The length at which a value is cut in an error's message."""


def integral(value: Any) -> Any:
    """Accept 40.0 for 40: some JSON writers know only floats."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


INTEGRAL = BeforeValidator(integral)
"""The validator of integers. It stands after the bounds: later ones have no name in the schema."""
Integer = Annotated[int, Field(strict=True), INTEGRAL]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(strict=True)]
Seed = Annotated[int, Field(strict=True, ge=-(2**63), lt=2**63), INTEGRAL]


def given_fields(raw: object) -> dict[str, Any]:
    """Return the fields that are given: one that is `null` is not, and what is no object has none.

    Half a character in a name is escaped: pydantic could not say which name is wrong.
    """
    if not isinstance(raw, Mapping):
        return {}
    return {escape_surrogates(str(name)): value for name, value in raw.items() if value is not None}


def first_fault(error: ValidationError) -> tuple[str, str]:
    """Return the first field at fault and the reason, with those of all branches of a union."""
    faults = error.errors(include_url=False, include_context=False)
    field = faults[0]["loc"][0]
    reasons = [_SUBJECT.sub("", fault["msg"]) for fault in faults if fault["loc"][0] == field]
    return str(field), f"{' or '.join(dict.fromkeys(reasons))}, got {shown(faults[0]['input'])}"


def shown(value: object) -> str:
    """Return `value` for a message: quoted, short, on one line."""
    return shorten(repr(value), MAX_SHOWN_CHARS)


def is_utf8(text: str) -> bool:
    """Tell whether `text` can be sent as UTF-8: it has no lone surrogates."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def escape_surrogates(name: str) -> str:
    """Return `name` with lone surrogates escaped."""
    return name.encode(errors="backslashreplace").decode()
