"""Line breaks inside a paragraph: of verse, of wrapped prose, of words that are parted there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from speech.text.scripts import CLOSERS, OPENERS, QUOTES, SENTENCE_ENDS

_MAX_SHORT_CHARS = 40
"""Up to this width nobody wraps prose: two lines that begin with capitals are verse or a list."""
_MAX_RAGGED_CHARS = 50
"""Up to this width lines that leave room for the next word are verse, whatever they begin with."""
_MAX_LIST_CHARS = 24
"""Up to this width three lines or more are a list: no column is that narrow."""
_MAX_VERSE_CHARS = 60
"""Beyond this width only a line that leaves room for the next word ends where its author meant."""
_MIN_FULL = 0.6
"""Of the width: most wrapped lines are that long at least, with the word that was wrapped."""
_MIN_WRAPPED = 2 / 3  # of the lines that go on, as out of subtitles, whose cues may be short
_MIN_CAPITALS = 0.8  # of the lines of a verse
_MIN_VERSE_LINES = 4
"""Prose does not begin that many lines with capitals by chance."""
_PARTED = re.compile(r"(?P<head>[^\W\d_]+(?:-[^\W\d_]+)*)[-‐]$")
_SEEN_CHARS = 48  # of a word that is parted
_KEEPS_HYPHEN = re.compile(
    "self|well|non|ex|half|all|pre|anti|mid|post|(?:twen|thir|for|fif|six|seven|eigh|nine)ty",
    re.IGNORECASE,
)
_RUN_ON = re.compile(  # what no reader pauses behind, and what is no first half of a word
    "an?|the|i|my|your|his|her|its|our|their|and|but|or|nor|so|if|as|than|that|who|which|of|to|in|"
    "on|at|by|for|from|with|into|upon|is|are|was|were|be|not|no|he|she|it|we|you|they|just|what",
    re.IGNORECASE,
)
_LABEL = re.compile(r"\s*\w{1,20}\s?[:=]\s")  # of who speaks in a chat, or of a value
_SENTENCE_INSIDE = re.compile(r"[.!?]\s+\S")


def mend_lines(lines: Sequence[str]) -> list[str]:
    """Return `lines` with a comma where one of verse has no mark, and those that go on joined.

    A paragraph is prose where most lines that go on are about as full as the longest one.
    """
    mended: list[str] = []
    for is_blank, grouped in groupby(lines, key=lambda line: not line.strip()):
        block = list(grouped)
        mended += block if is_blank else _joined(*_with_pauses(block))
    return mended


def _with_pauses(block: list[str]) -> tuple[list[str], bool]:
    """Return a paragraph, with pauses if its lines are as long as their author made them.

    Second, whether it is prose.
    """
    pairs = list(pairwise(block))
    if not pairs:
        return block, True
    width = max(map(len, block))
    needed = [len(line) + 1 + len(after.split(maxsplit=1)[0]) for line, after in pairs]
    room = [length <= width for length in needed]
    capitals = sum(map(_begins_line, block))
    is_ragged = (
        len(block) > 2
        and width <= _MAX_RAGGED_CHARS
        and (width <= _MAX_LIST_CHARS or 2 * sum(room) >= len(room))
        and not any(map(_SENTENCE_INSIDE.search, block))
    )
    is_verse = capitals >= _MIN_CAPITALS * len(block) and (
        any(room) or width <= _MAX_SHORT_CHARS or len(block) >= _MIN_VERSE_LINES
    )
    if not (is_ragged or is_verse):
        has_labels = sum(map(bool, map(_LABEL.match, block))) >= max(2, len(block) / 2)
        going_on = [
            length > _MIN_FULL * width
            for length, pair in zip(needed, pairs, strict=True)
            if _goes_on(*pair)
        ]
        return block, not has_labels and sum(going_on) >= _MIN_WRAPPED * len(going_on)
    pauses = (
        is_ragged or (_begins_line(after) and (has_room or width <= _MAX_VERSE_CHARS))
        for (_, after), has_room in zip(pairs, room, strict=True)
    )
    paused = [
        f"{line.rstrip()}," if pause and _is_open(line, after) else line
        for (line, after), pause in zip(pairs, pauses, strict=True)
    ]
    return [*paused, block[-1]], False


def _begins_line(line: str) -> bool:
    """Tell whether a line begins with a capital or a figure."""
    first = line.lstrip(f"{QUOTES}{OPENERS} \t")[:1]
    return first.isupper() or first.isdigit()


def _is_open(line: str, after: str) -> bool:
    """Tell whether a reader pauses between two lines though no mark says so."""
    last = line.rstrip().rstrip(QUOTES + CLOSERS)[-1:]
    if not last.isdigit() and last.lower() == last.upper():
        return False
    goes_on = after[0].isspace() and after.lstrip()[0].islower()
    is_text = after.lstrip()[0] not in "[(<{|"
    return is_text and not goes_on and not _RUN_ON.fullmatch(line.split()[-1])


def _joined(block: list[str], is_prose: bool) -> Iterator[str]:
    """Yield the lines of a paragraph; those that a word, or prose, goes on between are one."""
    parts = block[:1]
    for after in block[1:]:
        end = _end_of_parted(parts[-1], after.lstrip())
        if end is None and is_prose and _goes_on(parts[-1], after):
            end = f"{parts[-1].rstrip()} "
        if end is None:
            yield "".join(parts)
            parts = [after]
        else:
            parts[-1] = end
            parts.append(after.lstrip())
    yield "".join(parts)


def _goes_on(line: str, after: str) -> bool:
    """Tell whether the sentence of a line is not over where the next one begins."""
    return after.lstrip()[0].islower() and line.rstrip()[-1] not in SENTENCE_ENDS


def _end_of_parted(line: str, after: str) -> str | None:
    """Return `line` as it is before `after` if a word goes on there; else None."""
    parted = _PARTED.search(line[-_SEEN_CHARS:])
    if not parted or not line[-2].islower() or not after[:2].isalpha() or not after[0].islower():
        return None
    head = parted["head"]
    if _RUN_ON.fullmatch(head):
        return None
    word = after[:_SEEN_CHARS].split(maxsplit=1)[0]
    return line if "-" in head + word or _KEEPS_HYPHEN.fullmatch(head) else line[:-1]
