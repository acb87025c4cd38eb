"""Small EPUBs."""

import zipfile

CONTAINER = '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
PNG = b"\x89PNG\r\n\x1a\n and the rest of a picture"


def page(body):
    """An XHTML document."""
    return (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html>'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'
        f"<head><title>Not said</title></head><body>{body}</body></html>"
    )


def nav(*lines):
    """The table of contents of EPUB 3: titles and hrefs, or lists of the same below the last."""
    return page(f'<nav epub:type="toc"><h1>Contents</h1>{_list(lines)}</nav>')


def _list(lines):
    items = "".join(
        f'<li><a href="{line[1]}">{line[0]}</a>{_list(line[2:]) if line[2:] else ""}</li>'
        for line in lines
    )
    return f"<ol>{items}</ol>"


def ncx(*lines):
    """The table of contents of EPUB 2: the same."""
    return (
        f"<ncx><docTitle><text>Not a line</text></docTitle><navMap>{_points(lines)}</navMap></ncx>"
    )


def _points(lines):
    return "".join(
        f"<navPoint><navLabel><text>{title}</text></navLabel><content src='{href}'/>"
        f"{_points(below)}</navPoint>"
        for title, href, *below in lines
    )


def write_epub(path, documents, *, metadata="", items="", spine="", files=(), leave_out=()):
    """Write an EPUB.

    Args:
        path: The file.
        documents: The bodies, or whole documents in bytes, by name, in reading order.
        metadata: Of the package document, with what a book is called.
        items: Further lines of its manifest.
        spine: Lines of its spine in place of the documents.
        files: Further files, by name.
        leave_out: Names of files that the package document has, and the archive has not.
    """
    pages = {
        f"OEBPS/{name}": page(body) if isinstance(body, str) else body
        for name, body in documents.items()
    }
    manifest = "".join(
        f'<item id="d{number}" href="{name}" media-type="application/xhtml+xml"/>'
        for number, name in enumerate(documents)
    )
    spine = spine or "".join(f'<itemref idref="d{number}"/>' for number in range(len(documents)))
    package = (
        f'<?xml version="1.0"?><package><metadata>{metadata}</metadata>'
        f"<manifest>{manifest}{items}</manifest><spine>{spine}</spine></package>"
    )
    parts = {"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": package} | pages | dict(files)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        for name, content in parts.items():
            if name not in leave_out:
                archive.writestr(name, content)
    return str(path)


def with_nav(*lines):
    """The options of `write_epub` for a table of contents of EPUB 3."""
    return {
        "items": '<item id="nav" href="nav.xhtml" properties="nav scripted"/>',
        "files": {"OEBPS/nav.xhtml": nav(*lines)},
    }


def with_ncx(*lines):
    """The same of EPUB 2."""
    return {
        "items": '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>',
        "files": {"OEBPS/toc.ncx": ncx(*lines)},
    }
