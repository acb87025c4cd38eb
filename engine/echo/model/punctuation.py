"""Punctuation in ASCII, for a model that was trained on no other."""

from __future__ import annotations

import re
import unicodedata

_MARKS = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛‹›′´ʹʻʼ", "'"),
        **dict.fromkeys("“”„‟«»″〝〞〟「」『』《》", '"'),
        **dict.fromkeys("\u2010\u2011\u2212\u2043", "-"),  # hyphens and the minus sign
        **dict.fromkeys("¿¡", ""),
        "…": "...",
        "‥": "..",
        "、": ",",
        "。": ".",
    }
)
_DASH = re.compile(r"\s*[\u2012-\u2015\u2e3a\u2e3b]+\s*")
_RANGE_DASH = re.compile(r"(?<=\d)[\u2012\u2013](?=\d)")
_EDGE_DASH = re.compile(r"^(?:[\u2012-\u2015]\s*)+|(?:\s*[\u2012-\u2015])+$")
_SPACES = re.compile(r"  +")


def to_plain_punctuation(text: str) -> str:
    """Return `text` with its quotes, dashes and stops in ASCII and no other symbols.

    Letters, digits and accents of any script stay.
    """
    if text.isascii():
        return text
    text = _RANGE_DASH.sub("-", _EDGE_DASH.sub("", text.translate(_MARKS)))
    text = _DASH.sub(", ", text)
    return _SPACES.sub(" ", "".join(map(_plain, text))).strip()


def _plain(char: str) -> str:
    if char.isascii() or unicodedata.category(char)[0] in "LMN":
        return char
    compatible = unicodedata.normalize("NFKC", char)  # such as the full-width marks of CJK
    return compatible if compatible.isascii() else " "
