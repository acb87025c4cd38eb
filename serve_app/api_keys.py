"""API keys, to the server that asks for them and to the client that sends one."""

from __future__ import annotations


def fits_header(key: str) -> bool:
    """Tell whether every client can send `key` in a header: it is printable ASCII."""
    return key.isascii() and key.isprintable()
