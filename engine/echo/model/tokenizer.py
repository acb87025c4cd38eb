"""Text to tokens: the model reads UTF-8 bytes behind one leading 0."""

from __future__ import annotations

from engine.echo.config import MAX_TEXT_BYTES
from engine.echo.model.punctuation import to_plain_punctuation
from speech.errors import InvalidRequest

BOS = 0

_REPLACEMENTS = (
    ("\u2026", "..."),
    ("\u2019", "'"),
    ("\u201d", '"'),  # only the closing quotation mark: the model was trained without the other
    ("\n", " "),
    (":", ","),
    (";", ","),
    ("\u2014", ", "),
)


def normalize(text: str) -> str:
    """Return `text` as the model was trained to read it, with a speaker tag in front."""
    for old, new in _REPLACEMENTS:
        text = text.replace(old, new)
    if text.startswith(("[", "(")) or "S1" in text or "S2" in text:
        return text
    return "[S1] " + text


def tokenize(text: str, *, plain_punctuation: bool = False) -> list[int]:
    """Return the tokens of `text`, at most MAX_TEXT_BYTES.

    Args:
        text: The text to speak.
        plain_punctuation: Whether the model reads no punctuation but ASCII's.

    Raises:
        InvalidRequest: When it is longer than the model reads.
    """
    if plain_punctuation:
        text = to_plain_punctuation(text)
    # A lone surrogate has no UTF-8 form; it is spoken as a question mark rather than refused.
    tokens = [BOS, *normalize(text).encode("utf-8", errors="replace")]
    if len(tokens) > MAX_TEXT_BYTES:
        raise InvalidRequest(
            f"Text too long for one pass: {len(tokens)} bytes (max {MAX_TEXT_BYTES}): "
            "have it split by max_chars_per_chunk",
            "max_chars_per_chunk",
        )
    return tokens
