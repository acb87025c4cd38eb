"""The text of a Markdown document, without what is not said."""

from __future__ import annotations

import re
from collections.abc import Iterable

from markdown_it import MarkdownIt
from markdown_it.token import Token

from speech.text.pauses import only_pauses

SUFFIXES = (".md", ".markdown")

_FRONT_MATTER = re.compile(r"\A---[^\S\n]*\n.*?\n(?:---|\.\.\.)[^\S\n]*(?:\n|\Z)", re.DOTALL)
_SAID = {"text", "code_inline"}
_BREAKS = {"softbreak", "hardbreak"}
_MAX_NOTE_CHARS = 8
"""The most characters of a reference to a note; a longer raised link is text."""


def plain_text(markdown: str) -> str:
    """Return the paragraphs of a CommonMark document with blank lines between.

    Headings keep their `#`, list items their number or a `-`. Emphasis and links are their text;
    images, code blocks, references to notes, HTML but for its pauses, and the YAML at the beginning
    are left out.
    """
    tokens = MarkdownIt("commonmark").parse(_FRONT_MATTER.sub("", markdown))
    paragraphs = []
    mark = ""
    for token in tokens:
        if token.type == "heading_open":
            mark = f"{'#' * int(token.tag[1:])} "
        elif token.type == "list_item_open":
            mark = f"{token.info}{token.markup} " if token.info else "- "
        elif token.type == "inline":
            paragraphs.append(mark + _line(token.children or []).strip())
            mark = ""
        elif token.type == "html_block" and (pauses := only_pauses(token.content)):
            paragraphs.append(pauses)
    return "\n\n".join(paragraphs)


def _line(tokens: Iterable[Token]) -> str:
    """Return what is said of a paragraph; a link that is raised or `^1` only refers to a note."""
    said = ""
    start = 0  # of the last link
    is_raised = was_raised = False
    for token in tokens:
        if token.type == "html_inline" and token.content.lower().startswith(("<sup>", "</sup>")):
            is_raised = token.content[1] != "/"
            was_raised |= is_raised
        elif token.type == "link_open":
            start, was_raised = len(said), is_raised
        said += _text(token)
        if token.type == "link_close" and len(said) - start <= _MAX_NOTE_CHARS:
            said = said[:start] if was_raised or said[start:].startswith("^") else said
    return said


def _text(token: Token) -> str:
    if token.type in _BREAKS:
        return "\n"
    if token.type == "html_inline":
        return only_pauses(token.content)
    return token.content if token.type in _SAID else ""
