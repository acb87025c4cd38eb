"""What an XHTML document has that is not said: notes, page numbers, tables of contents.

What only says by its type or its class that it is the number of a page, or refers to a note, has to
look so: books give the class `pagebreak` to whole chapters, too, and link words to notes.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from serve_app.book.epub.tree import text_of

_UNSAID = re.compile(
    r"annotation(?:-xml)?|audio|head|iframe|nav|object|rp|rtc?|script|style|svg|template|video"
)
_UNSAID_TYPE = re.compile(
    r"(?:doc-)?(?:backlink|colophon|copyright-page|cover|endnotes?|footnotes?|imprint|index|"
    r"landmarks|lo[aitv]|page-?list|programlisting|rearnotes?|toc)"
)
_UNSAID_CLASS = re.compile(r"endnotes?|footnotes?|pg-boilerplate|programlisting")
"""Of books that have no types: EPUB 2, and Project Gutenberg's."""
_NOT_SHOWN = re.compile(r"display\s*:\s*none", re.IGNORECASE)

_PAGE_MARK = re.compile(r"(?:doc-)?pagebreak|page[-_]?(?:num(?:ber)?|no|break)")
_PAGE = re.compile(
    r"[\W_]*(?:p(?:age|g|p)?|folio|seite|s)?[\W_]*(?:\d+[a-z]?|[ivxlcdm]+)?"
    r"(?:[\W_]+(?:\d+|[ivxlcdm]+))?[\W_]*",
    re.IGNORECASE,
)
"""What stands for the number of a page, or of two; nothing may."""
_HEADING = re.compile(r"h[1-6]")

_NOTE_MARK = re.compile(r"(?:doc-)?noteref|fnanchor|footnote-?ref")
_NOTE = re.compile(
    r"[\W_]*(?:(?:foot|end)?note|fn?|n|注|註)?[\W_]*(?:[\d⁰¹²³⁴-⁹]+|[a-z]|[ivxlcdm]+)?[\W_]*",
    re.IGNORECASE,
)
_MAX_REFERENCE_CHARS = 8
_REFERENCE = re.compile(r"\[\w{1,4}\]|\(\d{1,3}\)|[*†‡§¶↩↑^]+\ufe0e?")
"""A link to a note, or from a note back, that is not raised."""
_WORD_BEFORE = re.compile(r"[^\W\d_][.,;:!?…]*[\"'”’»)]*\Z")
_NUMBER = re.compile(r"\d{1,3}")

_MIN_LINKS, _LINKED_SHARE = 5, 0.75
"""What has as many links, and as much of its text in them, is a table of contents."""
_MAX_LINE_CHARS = 200
_CONTENTS_CLASS = re.compile(r"toc|contents|table-?of-?contents")
_LISTS = ("dl", "ol", "table", "ul")
_CONTENTS = (*_LISTS, "div", "section")


def is_said(element: Element) -> bool:
    """Tell whether an element is said, as far as it can be told without what is around it."""
    return not (
        _UNSAID.fullmatch(element.tag)
        or element.get("hidden") is not None
        or _is_for_the_eye(element)
        or _NOT_SHOWN.search(element.get("style", ""))
        or any(map(_UNSAID_TYPE.fullmatch, _types(element)))
        or _is_note(element)
        or _is_page_number(element)
        or _is_reference(element)
        or _lists_contents(element)
    )


def refers_to_note(element: Element, before: str) -> bool:
    """Tell whether an element is a link that is a number and stands right behind a word.

    Style sheets raise such.
    """
    return (
        element.tag == "a"
        and bool(element.get("href"))
        and _NUMBER.fullmatch(text_of(element)) is not None
        and _WORD_BEFORE.search(before) is not None
    )


def label_of(element: Element) -> str:
    """Return what is said in place of an element that is for the eye only, such as an initial."""
    label = element.get("aria-label", "")
    own = [element.text, *(child.tail for child in element)]
    is_empty = not any(text and text.strip() for text in own)
    is_replaced = label and is_empty and len(element) and all(map(_is_for_the_eye, element))
    return label if is_replaced else ""


def is_contents(element: Element, *, within: bool = False) -> bool:
    """Tell whether a document is little but links to others; `within`: or to its own parts."""
    body = element.find(".//body")
    links = _links(element, within=within)
    num_chars = len(text_of(element if body is None else body))
    return len(links) >= _MIN_LINKS and sum(links) >= _LINKED_SHARE * num_chars


def _links(element: Element, *, within: bool) -> list[int]:
    """Return the lengths of the links into the book, without those that are as long as text."""
    lengths = [
        len(text_of(link))
        for link in element.iter("a")
        if (href := link.get("href", ""))
        and ":" not in href
        and (within or not href.startswith("#"))
        and link.find(".//a") is None
    ]
    return [length for length in lengths if length <= _MAX_LINE_CHARS]


def _lists_contents(element: Element) -> bool:
    if element.tag not in _CONTENTS:
        return False
    if any(map(_CONTENTS_CLASS.fullmatch, _classes(element))):
        return len(_links(element, within=True)) >= _MIN_LINKS
    return element.tag in _LISTS and is_contents(element, within=True)


def _is_for_the_eye(element: Element) -> bool:
    return element.get("aria-hidden", "").lower() == "true"


def _types(element: Element) -> list[str]:
    """Return the types of an element: EPUB's, ARIA's and those of HTMLBook."""
    names = ("epub:type", "role", "data-type")
    return " ".join(element.get(name, "") for name in names).lower().split()


def _classes(element: Element) -> list[str]:
    return element.get("class", "").lower().split()


def _is_note(element: Element) -> bool:
    """Tell whether a class says that an element is no text; of a link it may say where it leads."""
    is_unsaid = any(map(_UNSAID_CLASS.fullmatch, _classes(element)))
    return is_unsaid and (element.tag != "a" or _NOTE.fullmatch(text_of(element)) is not None)


def _is_page_number(element: Element) -> bool:
    marks = (*_types(element), *_classes(element))
    return (
        any(map(_PAGE_MARK.fullmatch, marks))
        and not _HEADING.fullmatch(element.tag)
        and _PAGE.fullmatch(text_of(element)) is not None
    )


def _is_reference(element: Element) -> bool:
    """Tell whether an element refers to a note: it is marked so, or raised, or such as `[1]`."""
    marks = (*_types(element), *_classes(element))
    if any(map(_NOTE_MARK.fullmatch, marks)) and _NOTE.fullmatch(text_of(element)):
        return True
    if element.tag not in ("a", "sup") or len(text := text_of(element)) > _MAX_REFERENCE_CHARS:
        return False
    if element.tag == "sup":
        return element.find(".//a[@href]") is not None
    is_raised = text != "" and text_of(element.find(".//sup")) == text
    return element.get("href") is not None and bool(is_raised or _REFERENCE.fullmatch(text))
