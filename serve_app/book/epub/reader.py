"""An EPUB 2 or 3, read as a book."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import unquote

from serve_app.book.book import Book
from serve_app.book.epub.archive import Archive, EpubError
from serve_app.book.epub.contents import Start, find_chapters, read_contents
from serve_app.book.epub.package import Package
from serve_app.book.epub.prose import read_prose

SUFFIX = ".epub"


class _Place(NamedTuple):
    """A document of the spine: which one it is, its first paragraph, and those of its anchors."""

    document: int
    paragraph: int
    anchors: Mapping[str, int]


def read_epub(path: str) -> Book:
    """Return the book in the EPUB at `path`.

    Raises:
        EpubError: It is damaged or encrypted, or has no text.
        OSError: The file cannot be read.
    """
    with open(path, "rb") as file:
        archive = Archive(file)
        package = Package(archive)
        contents = package.nav, package.ncx
        paragraphs: list[str] = []
        places: dict[str, _Place] = {}
        for name in package.documents():
            if name != package.ncx and name not in places:
                prose = read_prose(archive.parse(name))
                if name == package.nav and not any(map(_is_text, prose.paragraphs)):
                    continue
                places[name] = _Place(len(places), len(paragraphs), prose.anchors)
                paragraphs += prose.paragraphs
        if not paragraphs:
            raise EpubError("has no text: are its pages pictures?")
        found = (find_chapters(paragraphs, _starts(archive, name, places)) for name in contents)
        return Book(
            "\n\n".join(paragraphs),
            next(filter(None, found), []),
            package.title,
            package.author,
            package.cover(),
        )


def _is_text(paragraph: str) -> bool:
    return not paragraph.startswith("#")


def _starts(
    archive: Archive, contents: str | None, places: Mapping[str, _Place]
) -> Iterator[Start]:
    """Yield where the lines of a table of contents lead, those that lead nowhere left out."""
    if contents is None:
        return
    for entry in read_contents(archive.parse(contents)):
        place = places.get(archive.find(entry.href, contents) or "")
        if place is not None:
            paragraph = place.anchors.get(unquote(entry.href.partition("#")[2]), 0)
            yield Start(place.paragraph + paragraph, place.document, entry)
