"""A book as its file gives it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from serve_app.book.chapters import Chapter


class Book(NamedTuple):
    """What is spoken, and what an audiobook says of it.

    Attributes:
        text: All that is spoken, with blank lines between paragraphs.
        chapters: The same in chapters; none, where they are to be found in the text.
        title: Empty if the file does not say it.
        author: The same.
        cover: A picture, as JPEG or PNG; empty if there is none.
    """

    text: str
    chapters: Sequence[Chapter] = ()
    title: str = ""
    author: str = ""
    cover: bytes = b""
