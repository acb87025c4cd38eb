"""Origins of web pages, as browsers send them."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

_OF_NO_SITE = ("*", "null", "file://")
"""Stands for any origin, or for those of pages that come from no site."""
_OF_A_SITE = re.compile(r"(?P<origin>(?P<scheme>[a-z][a-z0-9+.-]*)://[^\s/*@?#]+)/?")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def _as_sent(written: str) -> str:
    """Return an origin as browsers send it: in small letters, without a slash at its end."""
    if written in _OF_NO_SITE:
        return written
    if not (match := _OF_A_SITE.fullmatch(written.lower())):
        raise ValueError("must be origins such as https://tts.example, or * for any")
    return match["origin"].removesuffix(_DEFAULT_PORTS.get(match["scheme"], ""))


Origin = Annotated[str, AfterValidator(_as_sent)]
"""The type of an origin that somebody writes: no browser sends `https://tts.example/`, say."""
