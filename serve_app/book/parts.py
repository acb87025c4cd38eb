"""The parts of a book: the text that one request speaks, and the pause before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from serve_app.book.chapters import Chapter
from speech.limits import PassLimits
from speech.parameters import TextParameters
from speech.text.breaks import Break
from speech.text.passage import has_words
from speech.text.splitting import split_text

MAX_PART_CHARS = 2000
"""Two minutes of speech: within any server's limits, and little to speak again."""
CHAPTER_PAUSE_S = 1.5

_AIM_S = 90.0
"""Aimed-at length of the pieces of a paragraph that is too long for one part."""
_NO_LIMITS = PassLimits(max_text_bytes=10**9, max_frames=10**9, max_speech_s=1e9)


@dataclass(frozen=True)
class Part:
    """The text that one request speaks.

    Attributes:
        text: Whole paragraphs, or as much of a long one as fits.
        pause_s: The silence before it.
        chapter: Title of the chapter that begins with it; None where none does.
    """

    text: str
    pause_s: float
    chapter: str | None = None


class _Paragraph(NamedTuple):
    """A paragraph or a piece of a long one, and the silence before it."""

    text: str
    pause_s: float


def cut(chapters: Iterable[Chapter], parameters: Mapping[str, Any]) -> list[Part]:
    """Return the parts that chapters are spoken in, as long as can be; each chapter begins one.

    Paragraphs without a word are left out.

    Args:
        chapters: The book.
        parameters: A request's; the pauses among them hold between parts, too.

    Raises:
        InvalidRequest: A pause in the text is not of 0 to 10 seconds.
    """
    parts: list[Part] = []
    for chapter in chapters:
        text, pause_s = "", 0.0
        packed: list[_Paragraph] = []
        for paragraph in _paragraphs(chapter, parameters):
            if text and len(text) + 2 + len(paragraph.text) <= MAX_PART_CHARS:
                text = f"{text}\n\n{paragraph.text}"
                continue
            if text:
                packed.append(_Paragraph(text, pause_s))
            text, pause_s = paragraph
        if text:
            packed.append(_Paragraph(text, pause_s))
            first, *rest = packed
            parts.append(Part(first.text, CHAPTER_PAUSE_S, chapter.title))
            parts += [Part(*paragraph) for paragraph in rest]
    return parts


def _paragraphs(chapter: Chapter, parameters: Mapping[str, Any]) -> Iterator[_Paragraph]:
    for text in filter(has_words, chapter.paragraphs):
        if len(text) <= MAX_PART_CHARS:
            yield _Paragraph(text, _pause_s(Break.PARAGRAPH, parameters))
            continue
        for piece in split_text(text, MAX_PART_CHARS, _AIM_S, _NO_LIMITS):
            if has_words(piece.text):
                yield _Paragraph(piece.text, _pause_s(piece.rank, parameters))


def _pause_s(rank: Break, parameters: Mapping[str, Any]) -> float:
    if rank == Break.PARAGRAPH:
        name = "paragraph_pause_seconds"
    else:
        name = f"{'sentence' if rank >= Break.SENTENCE else 'clause'}_pause_seconds"
    asked = parameters.get(name)
    return float(asked if isinstance(asked, int | float) else getattr(TextParameters, name))
