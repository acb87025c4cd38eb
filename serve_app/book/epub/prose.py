"""What is said of an XHTML document: its paragraphs."""

from __future__ import annotations

import re
from typing import NamedTuple
from xml.etree.ElementTree import Element

from serve_app.book.chapters import heading_of
from serve_app.book.epub.tree import text_of
from serve_app.book.epub.unsaid import is_contents, is_said, label_of, refers_to_note
from serve_app.book.parts import CHAPTER_PAUSE_S

SCENE_BREAK = f"[pause:{CHAPTER_PAUSE_S:g}s]"
"""For a rule, and for a paragraph of marks such as `* * *`."""

_HEADING = re.compile(r"h([1-6])")
_MAX_HEADING_CHARS = 300
"""The most characters of a heading; a longer one was never ended, and text is in it."""
_BLOCK = re.compile(
    r"address|article|aside|blockquote|body|caption|center|dd|details|div|dl|dt|figcaption|figure|"
    r"footer|form|h[1-6]|header|hgroup|hr|html|li|main|ol|p|pre|section|summary|table|tr|ul"
)
_FIGURES = {
    "sup": str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"),
    "sub": str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"),
}
"""By them the server knows exponents, and notes without a link, which it leaves out."""
_NUM_PIECES_BEFORE = 4
"""Of a paragraph, to tell what stands before a link."""
_NUMBER = re.compile(r"\d{1,6}")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_BLANK_LINES = re.compile(r"\n\s*\n")


class Prose(NamedTuple):
    """The paragraphs of a document, and at which of them the elements that have a name begin."""

    paragraphs: list[str]
    anchors: dict[str, int]


def read_prose(root: Element) -> Prose:
    """Return what is said of a document; nothing, if it is a table of contents.

    Headings have the `#` and list items the number or `-` of Markdown; lines that are broken stay
    so. The cells of a row stand between commas. Pictures are said as headings and as initials.
    """
    if is_contents(root):
        return Prose([], {})
    reader = _Reader()
    reader.visit(root)
    return Prose(reader.paragraphs, reader.anchors)


class _Reader:
    def __init__(self) -> None:
        self.paragraphs: list[str] = []
        self.anchors: dict[str, int] = {}
        self._pieces: list[str] = []  # of the paragraph that has begun
        self._mark = ""  # of the next paragraph
        self._heading: Element | None = None  # that is being read

    def visit(self, element: Element, mark: str = "", *, keeps_lines: bool = False) -> None:
        """Read an element and all that is in it, its first paragraph with `mark` before."""
        is_block = _BLOCK.fullmatch(element.tag)
        if is_block:
            self._break()
        for name in (element.get("id"), element.get("name")):
            if name:
                self.anchors.setdefault(name, len(self.paragraphs))
        if not is_said(element) or (keeps_lines and element.tag == "code"):
            return
        if refers_to_note(element, "".join(self._pieces[-_NUM_PIECES_BEFORE:])):
            return
        level = None if self._heading is not None else _HEADING.fullmatch(element.tag)
        if level and len(text_of(element)) <= _MAX_HEADING_CHARS:
            mark = f"{'#' * int(level[1])} "
            self._heading = element
        self._mark = mark or self._mark
        self._read(element, keeps_lines=keeps_lines or element.tag == "pre")
        if self._heading is element:
            self._heading = None
            self._pieces = [_one_line("".join(self._pieces))]
        if is_block:
            self._break()
        if mark:
            self._mark = ""

    def _read(self, element: Element, *, keeps_lines: bool) -> None:
        tag = element.tag
        if tag == "br":
            self._pieces.append("\n")
        elif tag == "hr":
            self._end_paragraph("-")
        elif tag == "img":
            alt = element.get("alt", "").strip()
            is_heading = self._heading is not None and not text_of(self._heading)
            self._say(f" {alt} " if is_heading else alt if len(alt) == 1 else "")
        elif tag in _FIGURES and (text := text_of(element)).isdigit():
            self._say(text.translate(_FIGURES[tag]))
            return
        elif tag in ("td", "th") and text_of(element):
            self._separate()
        elif label := label_of(element):
            self._say(label)
            return
        self._say(element.text, keeps_lines=keeps_lines)
        start = element.get("start", "")
        number = int(start) if _NUMBER.fullmatch(start) else 1
        for child in element:
            mark = ""
            if child.tag == "li":
                mark = f"{number}. " if tag == "ol" else "- "
                number += 1
            self.visit(child, mark, keeps_lines=keeps_lines)
            self._say(child.tail, keeps_lines=keeps_lines)

    def _say(self, text: str | None, *, keeps_lines: bool = False) -> None:
        if text and (self._pieces or text.strip()):
            self._pieces.append(text if keeps_lines else _SPACES.sub(" ", text))

    def _separate(self) -> None:
        """Put a comma behind the cell before."""
        while self._pieces and self._pieces[-1].isspace():
            self._pieces.pop()
        if self._pieces:
            self._pieces[-1] = self._pieces[-1].rstrip() + ", "

    def _break(self) -> None:
        if self._heading is not None:
            self._pieces.append("\n")
            return
        text = "".join(self._pieces)
        self._pieces.clear()
        for paragraph in _BLANK_LINES.split(text):
            self._end_paragraph("\n".join(_lines(paragraph)))

    def _end_paragraph(self, text: str) -> None:
        if any(map(str.isalnum, text)):
            self.paragraphs.append(self._mark + text)
            self._mark = ""
        elif text and self.paragraphs and self.paragraphs[-1] != SCENE_BREAK:
            self.paragraphs.append(SCENE_BREAK)


def _lines(text: str) -> list[str]:
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return [line for line in lines if line]


def _one_line(heading: str) -> str:
    """Return a heading on one line: its number and its title, or what is broken for its length."""
    lines = _lines(heading)
    return (heading_of("\n".join(lines)) if len(lines) > 1 else "") or " ".join(lines)
