"""The text of a Markdown document, without what is not said."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

SUFFIXES = (".md", ".markdown")

_FRONT_MATTER = re.compile(r"\A---[^\S\n]*\n.*?\n(?:---|\.\.\.)[^\S\n]*(?:\n|\Z)", re.DOTALL)
_SAID = {"text", "code_inline"}
_BREAKS = {"softbreak", "hardbreak"}


def plain_text(markdown: str) -> str:
    """Return the paragraphs of a CommonMark document with blank lines between.

    Headings keep their `#`, list items have a `-`. Emphasis and links are their text; images, code
    blocks, HTML and the YAML at the beginning are left out.
    """
    tokens = MarkdownIt("commonmark").parse(_FRONT_MATTER.sub("", markdown))
    paragraphs = []
    mark = ""
    for token in tokens:
        if token.type == "heading_open":
            mark = f"{'#' * int(token.tag[1:])} "
        elif token.type == "list_item_open":
            mark = "- "
        elif token.type == "inline":
            paragraphs.append(mark + "".join(map(_text, token.children or [])).strip())
            mark = ""
    return "\n\n".join(paragraphs)


def _text(token: Token) -> str:
    if token.type in _BREAKS:
        return "\n"
    return token.content if token.type in _SAID else ""
