"""Drawings with characters, which are not said: rules, boxes, bullets, runs of marks.

Such a run sounds like babble, or like a pause that a model takes for the end. Words are never lost:
every letter and digit stays, in order.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import chain, pairwise

from speech.text.breaks import SPEAKER_TAG
from speech.text.lines import mend_lines
from speech.text.scripts import (
    CLAUSE_ENDS,
    CLOSERS,
    OPENERS,
    QUOTES,
    SENTENCE_ENDS,
    are_one_character,
)

MIN_RUN_CHARS = 4
"""Marks that stand together and are no punctuation any more."""

_LINE_END = re.compile("\r\n|[\n\r\v\x85\u2028]")
_PARAGRAPH_END = re.compile("[\f\u2029]")
_HEADING_MARK = re.compile(r"^\s{0,3}#{1,6}(?=\s)")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(.*\w.*)")
_QUOTED = re.compile(r"^\s{0,3}(?:>\s?)+(?=\S)")
_BULLET = re.compile(r"\s*[-*+•‣⁃▪▫◦●○■□‒–]\s+(?=\S)")
_NUMBERED = re.compile(
    r"\s*(?:\d{1,3}(?P<mark>[.)])\s+\S|[a-z]\)\s+\S|(?:[a-z]|[ivx]{2,4})\.\s+[A-Z])"
)

_PRICE_SIGN = re.compile(r"(?<=[.\s_·…-])[$£€¥₹#](?=\.?\d)")
"""Belongs to its figures, not to the dots that lead to them."""

_UNIT = re.compile(r"(?<=\d)[%‰°€£¢]")
_KEPT = (SPEAKER_TAG, _PRICE_SIGN, _UNIT, _HEADING_MARK)

_WRAPPERS = frozenset(OPENERS + CLOSERS + QUOTES)
_ENDS = frozenset(SENTENCE_ENDS + CLAUSE_ENDS)
_STOPS = _ENDS - set("-–—")
_ALL_WRAPPERS = "".join(_WRAPPERS)
_LETTER, _SPACE, _MARK, _WRAPPER, _BOX = "a", " ", "m", "w", "b"
_MARKS = re.compile("[mwb]+(?: +[mwb]+)*")


def speaks(text: str) -> bool:
    """Tell whether there is anything to say: a letter or a digit outside speaker tags."""
    return any(map(str.isalnum, SPEAKER_TAG.sub("", text)))


def drop_drawing(text: str) -> str:
    """Return `text` with what is drawn in it made punctuation and line breaks.

    A line without a letter or digit becomes a blank one. Headings, list items and quotations lose
    their mark; the first two end like sentences, a heading is a paragraph, and an item's number has
    a full stop. A run of at least `MIN_RUN_CHARS` marks becomes the punctuation that it stands for,
    such as `...` or `!`, or a comma. Lines of verse end in a mark; lines that go on are one, and
    words that are parted at a line's end are whole.
    """
    lines = _LINE_END.split(_PARAGRAPH_END.sub("\n\n", text))
    laid_out: list[str] = []
    in_item = False
    for line in map(_drop_runs, lines):
        if not speaks(line) and not SPEAKER_TAG.search(line):
            in_item = _end_item(laid_out, in_item)
            laid_out.append("")
            continue
        line = _QUOTED.sub("", line)
        if heading := _HEADING.fullmatch(line):
            in_item = _end_item(laid_out, in_item)
            laid_out += ["", _ended(heading[1].rstrip("# \t")), ""]
            continue
        bullet, numbered = _BULLET.match(line), _NUMBERED.match(line)
        if bullet or numbered:
            _end_item(laid_out, in_item)
            in_item = True
        elif in_item and not _goes_on(line):
            in_item = _end_item(laid_out, in_item)
        if numbered:
            line = line.lstrip()
            line = line.replace(")", ".", 1) if numbered["mark"] == ")" else line
        laid_out.append(line[bullet.end() :] if bullet else line)
    _end_item(laid_out, in_item)
    return "\n".join(mend_lines(laid_out))


def _end_item(lines: list[str], in_item: bool) -> bool:
    """End the list item that `lines` stop in, if they do; return that there is none now."""
    if in_item:
        lines[-1] = _ended(lines[-1])
    return False


def _goes_on(line: str) -> bool:
    """Tell whether a line below a list item belongs to it."""
    return line[0].isspace() or line[0].islower()


def _ended(line: str) -> str:
    line = line.rstrip()
    core = line.rstrip(_ALL_WRAPPERS)
    return line if not core or core[-1] in _ENDS else f"{line}."


def _drop_runs(line: str) -> str:
    """Replace each run of marks in one line."""
    kinds = "".join(map(_kind, line))
    for tag in chain.from_iterable(kept.finditer(line) for kept in _KEPT):
        kinds = kinds[: tag.start()] + _LETTER * len(tag[0]) + kinds[tag.end() :]
    for start, end in reversed([match.span() for match in _MARKS.finditer(kinds)]):
        if _is_run(line[start:end]):
            line = _without_run(line[:start], line[start:end], line[end:])
    return line


@lru_cache(maxsize=8192)
def _kind(char: str) -> str:
    if char.isalnum() or unicodedata.category(char)[0] == "M":
        return _LETTER
    if char.isspace():
        return _SPACE
    if "\u2500" <= char <= "\u259f":
        return _BOX
    return _WRAPPER if char in _WRAPPERS else _MARK


def _is_run(marks: str) -> bool:
    """Tell whether marks, spaces between them or not, are too many for punctuation."""
    if any(_kind(char) == _BOX for char in marks):
        return True
    parts = [_bare(part) for part in marks.split()]
    if any(_visible_chars(part) >= MIN_RUN_CHARS for part in parts):
        return True
    # With spaces between, sentences may end and begin: one mark again and again, or none of theirs.
    bare = "".join(parts)
    is_repeated = len(set(bare)) == 1 and all(len(part) == 1 for part in parts)
    return _visible_chars(bare) >= MIN_RUN_CHARS and (is_repeated or not _STOPS & set(bare))


def _bare(marks: str) -> str:
    """Return `marks` without the quotes and brackets among them, unless there are no others."""
    return "".join(char for char in marks if char not in _WRAPPERS) or marks


def _visible_chars(text: str) -> int:
    num_flags = sum("\U0001f1e6" <= char <= "\U0001f1ff" for char in text) // 2
    return len(text) - num_flags - sum(are_one_character(*pair) for pair in pairwise(text))


def _without_run(left: str, run: str, right: str) -> str:
    """Return a line without its run of marks between `left` and `right`."""
    core = run.strip(_ALL_WRAPPERS + " ")
    opening = run[: run.index(core)] if core else ""
    closing = run[len(opening) + len(core) :] if core else ""
    mark = "?" * ("?" in core) + "!" * ("!" in core)
    if not mark and any(char in ".…" for char in core):
        mark = "..."
    glued = left[-1:].isalnum() and right[:1].isalnum()
    left = left.rstrip()
    if not mark and speaks(left) and speaks(right) and not glued and left[-1] not in _ENDS:
        mark = ","
    if not speaks(left):
        mark = ""
    gap = " " if right[:1].isspace() or (right and not closing) else ""
    return f"{left}{opening.rstrip()}{mark}{closing.rstrip()}{gap}{right.lstrip()}"
