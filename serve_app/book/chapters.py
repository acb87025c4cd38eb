"""The chapters of a book in plain text or Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

from speech.text.english.figures import cardinal

MAX_HEADING_CHARS = 100
MAX_HEADING_LINES = 2
"""A heading may have its number on one line and its title on the next."""

_LINE_END = re.compile(r"\r\n|[\r\v\x85\u2028]")
_BLANK_LINES = re.compile(r"\n[^\S\n]*\n\s*|[\f\u2029]\s*")
_MARKDOWN = re.compile(r"^[^\S\n]{0,3}#{1,2}[^\S\n]+(\S.*?)[^\S\n]*#*[^\S\n]*$", re.MULTILINE)
_NUMBER = (
    r"(?:\d{1,4}|[ivxlcdm]+|(?:the\s+)?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|"
    r"tenth|last|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|"
    r"fifteen|sixteen|seventeen|eighteen|nineteen|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|"
    r"ninety)(?:[-\s](?:one|two|three|four|five|six|seven|eight|nine))?))"
)
_NUMBERED = re.compile(
    rf"(?:chapter|part|book|section|act|canto|letter|stave|volume|kapitel|teil|chapitre|partie|"
    rf"cap[ií]tulo|capitolo|parte)\s+{_NUMBER}(?=$|[.:)\]—–-]|\s+(?-i:[A-Z\W]))",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"(?:prologue|epilogue|preface|foreword|afterword|introduction|interlude|conclusion|"
    r"acknowledge?ments|prolog|epilog|vorwort|nachwort|einleitung|prologo|epilogo)"
    r"\s*(?:$|[.:—–-])",
    re.IGNORECASE,
)
_TENS = ("", "x", "xx", "xxx", "xl", "l", "lx", "lxx", "lxxx", "xc")
_ONES = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")
_NUMBERS = (
    {cardinal(str(number)).replace(" ", "-"): number for number in range(1, 100)}
    | {
        tens + ones: 10 * i + j
        for (i, tens), (j, ones) in product(enumerate(_TENS), enumerate(_ONES))
        if i or j
    }
    | {str(number): number for number in range(1, 1000)}
)
"""The values of words, Roman numerals and figures that a chapter may have for its heading."""
_ENDED = re.compile(r"[.!?…:*—-][\"'”’»)\]*_]*\s*\Z")


@dataclass(frozen=True)
class Chapter:
    """A chapter of a book.

    Attributes:
        title: Its heading on one line; empty for what stands before the first heading.
        paragraphs: All of its text, the heading included, blank lines left out.
    """

    title: str
    paragraphs: list[str] = field(default_factory=list)


def read_chapters(text: str) -> list[Chapter]:
    """Return the chapters of a book, none where there is no text.

    A chapter begins at a Markdown heading of the first two levels, and at a paragraph of one or two
    lines such as `Chapter 7`, `PART II. The Sea` or `Epilogue`, or of a number alone where such
    count up from one. A table of contents, whose lines stand together, begins none.
    """
    text = _MARKDOWN.sub(r"\n\n\g<0>\n\n", _LINE_END.sub("\n", text))
    chapters: list[Chapter] = []
    blocks = [block for block in _BLANK_LINES.split(text) if block.strip()]
    numbered = _numbered(blocks)
    for index, block in enumerate(blocks):
        title = _shown(block) if index in numbered else heading_of(block)
        if title or not chapters:
            chapters.append(Chapter(title))
        chapters[-1].paragraphs.append(block.strip("\n"))
    return chapters


def _numbered(blocks: Sequence[str]) -> set[int]:
    """Return which paragraphs are numbers of chapters and nothing else.

    They count up from one, and a sentence has ended before each: not so before a page's number. One
    beside another is of a table of contents, or somebody counts.
    """
    numbers = {
        index: number
        for index, block in enumerate(blocks)
        if (number := _NUMBERS.get("-".join(_shown(block).casefold().split())))
    }
    found: dict[int, int] = {}
    last = 0
    for index, number in numbers.items():
        if number not in (1, last + 1) or not numbers.keys().isdisjoint((index - 1, index + 1)):
            continue
        if number > 1 and not (_ENDED.search(blocks[index - 1]) or heading_of(blocks[index - 1])):
            return set()
        found[index] = last = number
    return set(found) if 2 in found.values() else set()


def _shown(block: str) -> str:
    return block.strip("*_.-–— \t\n")


def heading_of(block: str) -> str:
    """Return the heading that a paragraph is, nothing if it is none."""
    if markdown := _MARKDOWN.fullmatch(block):
        return markdown[1].replace("*", "").replace("_", "").strip()
    lines = [line.strip() for line in block.strip().splitlines()]
    first = lines[0].strip("*_ ")
    is_heading = _NUMBERED.match(first) or _NAMED.match(first)
    if not is_heading or len(lines) > MAX_HEADING_LINES or len(block) > MAX_HEADING_CHARS:
        return ""
    if len(lines) > 1 and _is_heading_too(lines[1]):
        return ""
    return ": ".join(line.strip("*_ ").rstrip(".:") for line in lines)


def _is_heading_too(line: str) -> bool:
    return bool(_NUMBERED.match(line) or _NAMED.match(line))
