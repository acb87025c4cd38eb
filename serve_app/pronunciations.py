"""The file of pronunciations that hold for all requests."""

from __future__ import annotations

import json
from pathlib import Path

from speech.errors import InvalidRequest
from speech.text.pronunciations import check_pronunciations


def read_pronunciations(path: str | None) -> dict[str, str]:
    """Return the spellings that a JSON file lists, none without a file.

    Raises:
        ValueError: There is no such file, or it is not an object of words and their spellings.
    """
    if path is None:
        return {}
    try:
        listed = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ValueError(f"pronunciations_file {path!r}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"pronunciations_file {path!r} is not JSON: {error}") from None
    if not isinstance(listed, dict):
        raise ValueError(f"pronunciations_file {path!r} must be an object of spellings by word")
    try:
        return dict(check_pronunciations(listed))
    except InvalidRequest as error:
        raise ValueError(f"pronunciations_file {path!r}: {error.message}") from None
