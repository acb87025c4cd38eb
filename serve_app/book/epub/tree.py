"""The XHTML and XML of an EPUB as trees, however badly they are written."""

from __future__ import annotations

import codecs
import html
import re
from html.parser import HTMLParser
from xml.etree.ElementTree import Element, TreeBuilder

MAX_DEPTH = 200
"""Elements that stand deeper are left out of the tree; their text is not."""

_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}
_ENCODING = re.compile(rb"(?:encoding|charset)\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_HEAD_BYTES = 1024
_DECLARATION = re.compile(
    r"<!\[CDATA\[(.*?)(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)"
    r"|<!DOCTYPE[^\[>]*\[.{0,10000}?\]\s*>|<[!?][^>]*(?:>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_UNSEEN = {ord("\0"): None, ord("\xad"): None}
"""Nothing, and the hyphen that is seen only where a line ends: they would tear words."""
_VOID = re.compile(r"area|base|br|col|embed|hr|img|input|source|track|wbr")


def parse(raw: bytes) -> Element:
    """Return the root of a document; names of elements and attributes are in lower case.

    Elements have no prefix. Nothing is resolved but HTML's own entities. An end that nothing began
    is ignored, an element without an end ends with the one around it.
    """
    builder = _Builder()
    text = _DECLARATION.sub(lambda part: html.escape(part[1] or ""), _decode(raw))
    # A tag without an end would be sought for again from each `<` in it.
    builder.feed(text + ">" * (text.rfind("<") > text.rfind(">")))
    return builder.finish()


def text_of(element: Element | None) -> str:
    """Return all text in an element on one line."""
    return "" if element is None else " ".join("".join(element.itertext()).split())


def _decode(raw: bytes) -> str:
    """Return the text of a document; what is UTF-8 is read as such, whatever it says it is."""
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if raw.startswith(mark):
            return raw.decode(encoding, "replace")
    declared = _ENCODING.search(raw[:_HEAD_BYTES])
    for encoding in ("utf-8", declared[1].decode("ascii", "replace") if declared else "cp1252"):
        try:
            return raw.decode(encoding)
        except (ValueError, LookupError):
            continue
    return raw.decode("cp1252", "replace")


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self._tree = TreeBuilder()
        self._open: list[str] = []
        self._start("html", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        tag = tag.rpartition(":")[2]
        if len(self._open) < MAX_DEPTH:
            self._start(tag, {name: value or "" for name, value in attrs})
            if _VOID.fullmatch(tag):
                self._end()

    def handle_endtag(self, tag: str) -> None:
        tag = tag.rpartition(":")[2]
        if tag in self._open:
            while self._end() != tag:
                pass

    def handle_data(self, data: str) -> None:
        self._tree.data(data.translate(_UNSEEN))

    def finish(self) -> Element:
        self.close()
        while self._open:
            self._end()
        return self._tree.close()

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._open.append(tag)
        self._tree.start(tag, attributes)

    def _end(self) -> str:
        self._tree.end(self._open[-1])
        return self._open.pop()
