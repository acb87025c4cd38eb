"""How pydantic's verdict becomes one line for the caller; the field types all models share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from speech.errors import shorten

MAX_SHOWN_CHARS = 60
"""Of a value repeated in an error."""


def integral(value: Any) -> Any:
    """Accept 40.0 for 40: some JSON writers know only floats."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


INTEGRAL = BeforeValidator(integral)
"""After an integer's bounds: those that come later get no standard name in the schema."""
Integer = Annotated[int, Field(strict=True), INTEGRAL]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(strict=True)]
Seed = Annotated[int, Field(strict=True, ge=-(2**63), lt=2**63), INTEGRAL]


def given_fields(raw: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the fields that are really given: `null` means "not given"."""
    return {str(name): value for name, value in raw.items() if value is not None}


def first_fault(error: ValidationError) -> tuple[str, str]:
    """Return the first field at fault and why, every branch of a union told."""
    faults = error.errors(include_url=False, include_context=False)
    field = faults[0]["loc"][0]
    reasons = [fault["msg"].removeprefix("Input ") for fault in faults if fault["loc"][0] == field]
    return str(field), f"{' or '.join(dict.fromkeys(reasons))}, got {shown(faults[0]['input'])}"


def shown(value: object) -> str:
    """Return `value` as a caller may read it: quoted, short, one line."""
    return shorten(repr(value), MAX_SHOWN_CHARS)
