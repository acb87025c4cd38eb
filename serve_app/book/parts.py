"""The parts of a book: the text that one request speaks, and the pause before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, NamedTuple

from serve_app.book.chapters import Chapter
from speech.limits import PassLimits
from speech.parameters import TextParameters
from speech.text.breaks import Break
from speech.text.pauses import only_pauses, split_at_pauses, trim_pauses
from speech.text.splitting import Piece, split_text

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


class _Piece(NamedTuple):
    """Paragraphs or a part of a long one, what the cut before separates, and the chapter's title.

    The title is None unless the chapter begins here.
    """

    text: str
    rank: Break
    chapter: str | None = None


def cut(
    chapters: Iterable[Chapter], parameters: Mapping[str, Any], speed: float = 1.0
) -> list[Part]:
    """Return the parts that chapters are spoken in, as long as can be; each chapter begins one.

    Paragraphs without a word are left out, but for their pauses. A pause that the text asks for
    between two parts takes the place of any other.

    Args:
        chapters: The book.
        parameters: A request's; the pauses among them hold between parts, too.
        speed: The tempo factor of the speech, and of pauses that the text does not ask for.

    Raises:
        InvalidRequest: A pause in the text is not of 0 to 10 seconds.
    """
    parts: list[Part] = []
    asked = ""  # the pauses since the part before
    title = None
    for piece in chain.from_iterable(map(_packed, chapters)):
        opening, text, closing = trim_pauses(piece.text)
        title = title if piece.chapter is None else piece.chapter
        asked += opening
        if not text.strip():
            continue
        pause_s = split_at_pauses(asked)[-1].pause_s
        if pause_s is None:
            usual_s = CHAPTER_PAUSE_S if title is not None else _pause_s(piece.rank, parameters)
            pause_s = usual_s / speed
        parts.append(Part(text if parts else asked + text, pause_s, title))
        asked, title = closing, None
    if parts:
        parts[-1] = replace(parts[-1], text=parts[-1].text + asked)
    return parts


def _packed(chapter: Chapter) -> Iterator[_Piece]:
    """Yield a chapter in pieces of as many paragraphs as fit."""
    packed: _Piece | None = None
    for piece in _pieces(chapter):
        if packed is None:
            packed = piece._replace(chapter=chapter.title)
        elif (
            piece.rank == Break.PARAGRAPH
            and len(packed.text) + 2 + len(piece.text) <= MAX_PART_CHARS
        ):
            packed = packed._replace(text=f"{packed.text}\n\n{piece.text}")
        else:
            yield packed
            packed = piece
    if packed is not None:
        yield packed


def _pieces(chapter: Chapter) -> Iterator[_Piece]:
    # Its rules of English take 0.1 s to import: `echo-tts speak` needs them for a book only.
    from speech.text.passage import has_words

    for paragraph in chapter.paragraphs:
        if len(paragraph) <= MAX_PART_CHARS or not has_words(paragraph):
            pieces = [Piece(paragraph, Break.PARAGRAPH)]
        else:
            pieces = split_text(paragraph, MAX_PART_CHARS, _AIM_S, _NO_LIMITS, keep_lines=True)
        for text, rank in pieces:
            if said := text if has_words(text) else only_pauses(text):
                yield _Piece(said, rank)


def _pause_s(rank: Break, parameters: Mapping[str, Any]) -> float:
    paragraph_s = _given_s("paragraph_pause_seconds", parameters)
    if rank == Break.PARAGRAPH and paragraph_s > 0:
        return paragraph_s
    kind = "sentence" if rank >= Break.SENTENCE else "clause"
    return _given_s(f"{kind}_pause_seconds", parameters)


def _given_s(name: str, parameters: Mapping[str, Any]) -> float:
    asked = parameters.get(name)
    return float(asked if isinstance(asked, int | float) else getattr(TextParameters, name))
