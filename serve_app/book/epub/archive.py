"""The files of an EPUB, by the names that its documents have for one another."""

from __future__ import annotations

import posixpath
import struct
import unicodedata
import zipfile
import zlib
from itertools import chain
from typing import BinaryIO
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import Element

from serve_app.book.epub.tree import parse

MAX_BYTES = 100_000_000
"""The most that is unpacked of one book: its text, and its cover."""

_CONTAINER, _ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"
_FONT_ALGORITHMS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
"""They make a font useless outside its book, and leave the text as it is."""
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError),
    *(RuntimeError, OverflowError, ValueError, OSError),
)
"""What `zipfile` raises for archives that are damaged, encrypted or compressed in other ways."""


class EpubError(Exception):
    """An EPUB cannot be read; the message goes on where a sentence has begun with its name."""


class Archive:
    """The files of one EPUB.

    Args:
        file: The EPUB; it stays open as long as this is used.

    Raises:
        EpubError: It is no EPUB.
    """

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
        except _DAMAGE:
            raise EpubError("is no EPUB, or damaged: it is not a zip archive") from None
        self._files: dict[str, zipfile.ZipInfo] = {}
        self._names: dict[str, str] = {}  # by what careless spellings of them have in common
        for info in self._zip.infolist():
            name = _normal(info.filename)
            self._files.setdefault(name, info)
            self._names.setdefault(_key(name), name)
        self._left_bytes = MAX_BYTES
        self._encrypted: set[str | None] = set()
        if encryption := self.find(f"/{_ENCRYPTION}"):
            self._encrypted = set(map(self.find, _encrypted(self.parse(encryption))))

    def find_package(self) -> str:
        """Return the name of the package document, which tells what the book consists of.

        Raises:
            EpubError: There is none.
        """
        container = self.find(f"/{_CONTAINER}")
        if container is None:
            raise EpubError(f"is no EPUB: it has no {_CONTAINER}")
        root = self.parse(container).find(".//rootfile[@full-path]")
        path = "" if root is None else root.get("full-path", "")
        name = self.find(path)
        if name is None:
            raise EpubError(f"lacks {path!r}, which its container.xml names")
        return name

    def find(self, href: str, base: str = "") -> str | None:
        """Return the name of the file that `href` in the file `base` refers to, None for no file.

        Two hrefs of one file have one name. None leads out of the archive.
        """
        try:
            url = urlsplit(href.replace("\\", "/"))
        except ValueError:
            return None
        if url.scheme or url.netloc or not url.path:
            return None
        folder = posixpath.join("/", posixpath.dirname(base))
        paths = [_normal(posixpath.join(folder, path)) for path in (unquote(url.path), url.path)]
        exact = (path for path in paths if path in self._files)
        alike = (self._names[key] for key in map(_key, paths) if key in self._names)
        return next(chain(exact, alike), None)

    def read(self, name: str) -> bytes:
        """Return the content of a file by the name that `find` gave.

        Raises:
            EpubError: It is encrypted or damaged, or more has been read than a book has.
        """
        info = self._files[name]
        if name in self._encrypted:
            raise EpubError("is encrypted (DRM): only the programs it was sold for can read it")
        try:
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise zipfile.BadZipFile("a compression that an EPUB may not have")
            with self._zip.open(info) as file:
                content = file.read(self._left_bytes + 1)
        except _DAMAGE as error:
            raise EpubError(f"is damaged: {info.filename!r} cannot be read: {error}") from None
        self._left_bytes -= len(content)
        if self._left_bytes < 0:
            raise EpubError(f"is too large: its text takes more than {MAX_BYTES // 10**6} MB")
        return content

    def parse(self, name: str) -> Element:
        """Return the root of an XML or XHTML document by the name that `find` gave.

        Raises:
            EpubError: It cannot be read.
        """
        return parse(self.read(name))


def _normal(path: str) -> str:
    return posixpath.normpath(posixpath.join("/", path.replace("\\", "/"))).lstrip("/")


def _key(path: str) -> str:
    """Return one key for all spellings of a path; case and accents differ in careless books."""
    return unicodedata.normalize("NFC", path).casefold()


def _encrypted(encryption: Element) -> list[str]:
    """Return the hrefs of the files that are encrypted, fonts left out."""
    hrefs = []
    for data in encryption.iter("encrypteddata"):
        method, reference = data.find("encryptionmethod"), data.find(".//cipherreference")
        algorithm = "" if method is None else method.get("algorithm", "")
        if reference is not None and algorithm not in _FONT_ALGORITHMS:
            hrefs.append("/" + reference.get("uri", ""))
    return hrefs
