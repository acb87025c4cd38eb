"""Checks of the values of settings, beyond their types."""

from __future__ import annotations

import ipaddress
import os

from engine import ENGINES
from serve_app.api_keys import fits_header


def known_engine(name: str) -> str:
    """Return the name of an engine; raise ValueError if there is none of that name."""
    if name not in ENGINES:
        raise ValueError(f"no engine {name!r} (known: {', '.join(ENGINES)})")
    return name


def whole_or_part_of_one(gpus: str | float) -> str | float:
    """Return a number of GPUs that Ray can set aside; raise ValueError if it cannot."""
    if isinstance(gpus, float) and gpus > 1 and not gpus.is_integer():
        raise ValueError("must be a whole number, or a part of one GPU")
    return gpus


def address_alone(host: str) -> str:
    """Return a name or an IP address; raise ValueError if it is, or has, more than that."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if set(host) & set(":/[] "):
            raise ValueError(
                "must be an address alone, such as 127.0.0.1, ::1 or 0.0.0.0 for all"
            ) from None
    return host


def absolute_path(path: str | None) -> str | None:
    """Return a path that means the same everywhere; raise ValueError if it is relative."""
    if path is not None and not os.path.isabs(path):
        raise ValueError("must be an absolute path")
    return path


def split_at_commas(text: str) -> tuple[str, ...]:
    """Return what stands between commas, without blanks around it."""
    return tuple(item for item in (part.strip() for part in text.split(",")) if item)


def split_keys(text: str) -> tuple[str, ...]:
    """Return the keys between commas; raise ValueError if there is none, or one of no use."""
    keys = split_at_commas(text)
    if text and not keys:
        raise ValueError("holds no key, and without one everybody is let in")
    if not all(map(fits_header, keys)):
        raise ValueError("holds a key that clients cannot send: use printable ASCII")
    # Neither `docker --env-file` nor `kubectl --from-env-file` takes them off, as a shell does.
    if any(key[0] in "\"'" for key in keys):
        raise ValueError("holds a key in quotes: leave them out")
    return keys
