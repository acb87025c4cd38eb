"""The table of contents of an EPUB, and the chapters that begin where it says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from operator import attrgetter
from typing import NamedTuple
from xml.etree.ElementTree import Element

from serve_app.book.chapters import Chapter
from serve_app.book.epub.tree import text_of
from speech.errors import shorten

MAX_TITLE_CHARS = 200

_LINES = ("li", "navpoint")
_TITLES = ("navlabel", "a", "span", ".//a")


class Entry(NamedTuple):
    """A line of a table of contents; one that stands inside another has a greater depth."""

    depth: int
    title: str
    href: str


class Start(NamedTuple):
    """The paragraph that a line of the contents refers to, and the document it stands in.

    Both are counted through the book. Documents without a paragraph begin at the next one.
    """

    paragraph: int
    document: int
    entry: Entry


def read_contents(root: Element) -> list[Entry]:
    """Return the lines of a table of contents, of EPUB 3 (nav) or of EPUB 2 (NCX)."""
    navs = [nav for nav in root.iter("nav") if "toc" in nav.get("epub:type", "toc").split()]
    return list(_entries(navs[0] if navs else root, 0))


def _entries(element: Element, depth: int) -> Iterator[Entry]:
    for child in element:
        if child.tag not in _LINES:
            yield from _entries(child, depth)
            continue
        link = child.find(".//content" if child.tag == "navpoint" else ".//a")
        title = next(filter(None, (text_of(child.find(place)) for place in _TITLES)), "")
        if link is not None and title:
            href = link.get("src") or link.get("href") or ""
            yield Entry(depth, shorten(title, MAX_TITLE_CHARS), href)
        yield from _entries(child, depth + 1)


def find_chapters(paragraphs: Sequence[str], starts: Iterable[Start]) -> list[Chapter]:
    """Return the chapters of a book; none where its contents have not at least two.

    What stands before the first has no title. Where two begin together, as a part and its first
    chapter, the titles are joined; of others, only the one whose document has the text counts.
    """
    titles = {
        paragraph: _title(list(group))
        for paragraph, group in groupby(sorted(starts, key=_place), key=attrgetter("paragraph"))
        if paragraph < len(paragraphs)
    }
    if len(titles) < 2:
        return []
    bounds = sorted({0, *titles, len(paragraphs)})
    return [
        Chapter(titles.get(start, ""), list(paragraphs[start:end]))
        for start, end in pairwise(bounds)
    ]


def _place(start: Start) -> tuple[int, int]:
    return start.paragraph, start.document


def _title(starts: Sequence[Start]) -> str:
    """Return the title of a chapter that all these lines of the contents refer to."""
    outer: list[Start] = []
    for start in starts:
        depth = start.entry.depth
        if outer and outer[-1].document == start.document and depth <= outer[-1].entry.depth:
            continue
        outer = [other for other in outer if other.entry.depth < depth] + [start]
    return ": ".join(dict.fromkeys(start.entry.title for start in outer))
