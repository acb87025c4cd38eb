"""Mojibake: UTF-8 that was read as Windows' or ISO's Latin encoding, such as `itâ€™s a cafÃ©`."""

from __future__ import annotations

import re

_BYTES = {bytes([code]).decode("cp1252", "ignore") or chr(code): code for code in range(128, 256)}
_BYTES |= {chr(code): code for code in range(128, 256)}
"""The byte that a character was read from, in either encoding."""
_FOLLOWERS = re.escape("".join(char for char, code in _BYTES.items() if code < 0xC0))
# What nobody writes: not `É”`, which ends a quotation, but a mark of punctuation or an emoji.
_MARK = f"â[€‚„†‡ˆ\x80\x82\x84\x86-\x88][{_FOLLOWERS}]|ð[Ÿ\x9f][{_FOLLOWERS}]{{2}}"
# With those, an accented small letter or a sign; without, they may be meant.
_MISREAD = re.compile(f"(?:Ã[\xa0-\xbfœŸ‰€ƒ‚]|Â[\xa0-\xbf]|{_MARK})+")
_IS_MISREAD = re.compile(_MARK)


def mend_mojibake(text: str) -> str:
    """Return `text` with what was misread, once or again and again, as it was written."""
    if not _IS_MISREAD.search(text):
        return text
    while (mended := _MISREAD.sub(_written, text)) != text:
        text = mended
    return text


def _written(match: re.Match[str]) -> str:
    try:
        return bytes(_BYTES[char] for char in match[0]).decode()
    except UnicodeDecodeError:
        return match[0]
