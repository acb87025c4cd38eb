"""The package document of an EPUB: what the book consists of, in which order, and its names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from serve_app.book.epub.archive import Archive, EpubError
from serve_app.book.epub.tree import text_of

_NCX_TYPE = "application/x-dtbncx+xml"
_NO_TEXT = re.compile(r"(?:image|audio|video)/|application/pdf", re.IGNORECASE)
"""The media types of what a spine may list besides documents."""
_AUTHOR = "aut"


class Package:
    """The package document of an EPUB.

    Args:
        archive: The files of the EPUB.

    Raises:
        EpubError: There is none, or it cannot be read.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._name = archive.find_package()
        self._root = archive.parse(self._name)
        self._items = {item.get("id", ""): item for item in self._root.iter("item")}

    @property
    def title(self) -> str:
        """The title of the book, empty if it is not given."""
        return text_of(self._root.find(".//title"))

    @property
    def author(self) -> str:
        """The authors of the book, empty if they are not given."""
        creators = list(self._root.iter("creator"))
        return ", ".join(
            text_of(creator) for creator in creators if creator.get("opf:role", _AUTHOR) == _AUTHOR
        )

    @property
    def nav(self) -> str | None:
        """The name of EPUB 3's table of contents."""
        return self._file_with("nav")

    @property
    def ncx(self) -> str | None:
        """The name of EPUB 2's table of contents."""
        items = self._items.values()
        found = (item for item in items if item.get("media-type", "").lower() == _NCX_TYPE)
        return self._file(next(found, None))

    def documents(self) -> Iterator[str]:
        """Yield the names of the documents in reading order, those outside of it left out.

        Raises:
            EpubError: One is missing.
        """
        for reference in self._root.iter("itemref"):
            idref = reference.get("idref", "")
            item = self._items.get(idref)
            if reference.get("linear", "").strip().lower() == "no":
                continue
            name = self._file(item)
            if item is None or name is None:
                href = idref if item is None else item.get("href", "")
                raise EpubError(f"lacks {href!r}, which its spine names")
            if not _NO_TEXT.match(item.get("media-type", "")):
                yield name

    def cover(self) -> bytes:
        """Return the picture of the cover, empty if there is none that can be read."""
        name = self._file_with("cover-image")
        if name is None:
            meta = self._root.find(".//meta[@name='cover']")
            name = None if meta is None else self._file(self._items.get(meta.get("content", "")))
        try:
            return b"" if name is None else self._archive.read(name)
        except EpubError:
            return b""

    def _file_with(self, given: str) -> str | None:
        items = self._items.values()
        found = (item for item in items if given in item.get("properties", "").split())
        return self._file(next(found, None))

    def _file(self, item: Element | None) -> str | None:
        return None if item is None else self._archive.find(item.get("href", ""), self._name)
