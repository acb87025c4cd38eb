"""Text cut into chunks.

The cheapest set of cuts wins: a cut costs by what it separates (`speech.text.breaks`), a chunk by
how far it is from the length aimed at. Knows nothing of engines but what one pass can speak.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, pairwise
from typing import NamedTuple

from speech.limits import PassLimits
from speech.text.breaks import (
    PARAGRAPH,
    SPEAKER_TAG,
    Break,
    mark_spaces,
    plain_spaces,
    rank_breaks,
)
from speech.text.duration import durations_ms

_MIN_CHARS = 20
_MIN_TARGET_S = 2.0
_OVERSHOOT = 1.5  # a chunk may exceed the target by this factor rather than break a sentence

_CUT_COST = (1000.0, 100.0, 10.0, 3.0, 1.5, 0.5, 0.05, 0.0)
"""By `Break`. 1 is the cost of an empty chunk, or of one that is half as long again as aimed at."""
_CANDIDATES_PER_CHUNK = 24
"""Only the best cut in each such part of a chunk is weighed."""


class _ChunkLimits(NamedTuple):
    """Bounds of one chunk."""

    chars: int
    utf8_bytes: int
    ms: int

    def allow(self, chars: int, utf8_bytes: int, ms: int) -> bool:
        return chars <= self.chars and utf8_bytes <= self.utf8_bytes and ms <= self.ms


class Piece(NamedTuple):
    """A piece of a text, and what the cut before it separates; at the text's start, paragraphs."""

    text: str
    rank: Break


def split_text(
    text: str,
    max_chars: int,
    target_duration_s: float,
    limits: PassLimits,
    *,
    at_paragraphs: bool = False,
    speaker: str = "",
    keep_lines: bool = False,
) -> list[Piece]:
    """Cut `text` into pieces, each spoken in one pass.

    Cuts fall between paragraphs, sentences, clauses or words, in this order of preference, and
    pieces come out near the target; none is over 1.5 times the target, `max_chars` or `limits`.
    White space becomes single spaces; nothing else is lost or changed. A piece that goes on under a
    speaker tag such as `[S2]` starts with it.

    Args:
        text: What to speak. Blank text has no pieces.
        max_chars: Characters in a piece; less than 20 counts as 20. 0 means one piece, whatever
            its length: an engine then speaks what fits in one pass, or refuses what it cannot read.
        target_duration_s: Estimated seconds to aim at; less than 2 counts as 2.
        limits: The most that one pass speaks.
        at_paragraphs: Whether every paragraph begins a piece.
        speaker: The tag that `text` goes on under.
        keep_lines: Whether lines stay lines, for text that is laid out later.
    """
    text = mark_spaces(text)
    if not text:
        return []
    if max_chars == 0:
        return _with_speakers([Piece(text, Break.PARAGRAPH)], speaker, keep_lines)
    carried = len("[S1] ") if speaker or SPEAKER_TAG.search(text) else 0
    max_ms = 1000 * limits.max_speech_s
    target_ms = int(min(1000 * max(target_duration_s, _MIN_TARGET_S), max_ms))
    bounds = _ChunkLimits(
        chars=max(max_chars, _MIN_CHARS),
        utf8_bytes=limits.max_text_bytes,
        ms=int(min(_OVERSHOOT * target_ms, max_ms)),
    )
    pieces: list[Piece] = []
    for paragraph in text.split(PARAGRAPH) if at_paragraphs else [text]:
        pieces += _cut(paragraph, bounds, target_ms, carried)
    return _with_speakers(pieces, speaker, keep_lines)


def _cut(text: str, limits: _ChunkLimits, target_ms: int, carried: int) -> list[Piece]:
    """Cut text at the cheapest places; a tag of `carried` bytes may come in front of each piece."""
    text_ms = durations_ms(text)
    num_bytes = [_utf8_bytes(char) for char in text]
    with_tag = limits._replace(chars=limits.chars - carried, utf8_bytes=limits.utf8_bytes - carried)
    if with_tag._replace(ms=target_ms).allow(len(text), sum(num_bytes), sum(text_ms)):
        return [Piece(text, Break.PARAGRAPH)]
    ranks = rank_breaks(text)
    cuts = _cheapest_cuts(ranks, text_ms, num_bytes, with_tag, target_ms)
    ranks[0] = Break.PARAGRAPH
    return [Piece(text[start:end], Break(ranks[start])) for start, end in pairwise(cuts)]


def _with_speakers(pieces: Iterable[Piece], speaker: str, keep_lines: bool) -> list[Piece]:
    """Let each piece name the speaker it starts under, once there is one."""
    named = []
    for piece in pieces:
        if text := piece.text.strip() if keep_lines else plain_spaces(piece.text):
            goes_on = speaker and not SPEAKER_TAG.match(text)
            named.append(Piece(f"{speaker} {text}" if goes_on else text, piece.rank))
            if tags := SPEAKER_TAG.findall(text):
                speaker = tags[-1]
    return named


def _utf8_bytes(char: str) -> int:
    code = ord(char)  # not len(char.encode()): JSON can carry half a surrogate pair
    return 1 + (code > 0x7F) + (code > 0x7FF) + (code > 0xFFFF)


def _cheapest_cuts(
    ranks: bytearray,
    text_ms: list[int],
    num_bytes: list[int],
    limits: _ChunkLimits,
    target_ms: int,
) -> list[int]:
    """Return where chunks start and end, 0 and the text's length included.

    A shortest path over the candidate cuts. A chunk's size is 1 at the target or at a limit,
    whichever is tighter: that costs nothing; a smaller one costs the square of what it lacks, a
    larger one four times the square of its excess.
    """
    end_ms = list(accumulate(text_ms, initial=0))
    end_bytes = list(accumulate(num_bytes, initial=0))
    shares = (
        max(1 / limits.chars, char_bytes / limits.utf8_bytes, char_ms / target_ms)
        for char_bytes, char_ms in zip(num_bytes, text_ms, strict=True)
    )
    sizes = list(accumulate(shares, initial=0.0))
    cuts = _candidates(ranks, sizes)
    cheapest = [0.0]
    came_from = [0]
    first = 0
    for last, end in enumerate(cuts[1:], 1):
        while not limits.allow(
            end - cuts[first],
            end_bytes[end] - end_bytes[cuts[first]],
            end_ms[end] - end_ms[cuts[first]],
        ):
            first += 1
        cost, origin = min(
            (cheapest[start] + _misfit(sizes[end] - sizes[cuts[start]]), start)
            for start in range(first, last)
        )
        cheapest.append(cost + _CUT_COST[ranks[end]])
        came_from.append(origin)
    path = [len(cuts) - 1]
    while path[-1]:
        path.append(came_from[path[-1]])
    return [cuts[index] for index in reversed(path)]


def _misfit(size: float) -> float:
    return (1 - size) ** 2 * (4 if size > 1 else 1)


def _candidates(ranks: bytearray, sizes: list[float]) -> list[int]:
    """Return the best cut in each small part of the text, and both ends.

    Neighbours are at most two parts and one character apart, so what lies between them fits into
    a chunk, and the work grows with the length of the text only.
    """
    cuts = [0]
    current_part = -1
    for position in range(1, len(ranks) - 1):
        part = int(sizes[position] * _CANDIDATES_PER_CHUNK)
        if part != current_part:
            cuts.append(position)
            current_part = part
        elif ranks[position] >= ranks[cuts[-1]]:
            cuts[-1] = position
    return [*cuts, len(ranks) - 1]
