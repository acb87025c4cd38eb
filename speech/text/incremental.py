"""Text that arrives in fragments, given out in sentences as soon as each is complete.

A sentence is complete once its end is certain: with the first letter of what follows, which tells
"Dr." and "3." from the end of one. How a text is cut into fragments changes nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from speech.errors import InvalidRequest
from speech.text.breaks import MAX_OPEN_TAG_CHARS, OPEN_TAG, Break, mark_spaces, rank_breaks
from speech.text.layout import speaks
from speech.text.scripts import SENTENCE_ENDS, duration_ms
from speech.text.typography import clean
from speech.validation import is_utf8

_PATIENCE = 1.5  # of the longest wait: then any break between words does
_GROWTH = 1.125  # of a late text without any break, until it is looked through again
_ENDS = frozenset(SENTENCE_ENDS + "]\n\f\v\r\x85\u2028\u2029")  # ] may be a speaker tag's


class Sentence(NamedTuple):
    """A sentence with what is around it in the text, and what the cut before it separates."""

    text: str
    rank: Break


class SentenceReader:
    """Takes a text in fragments and gives it out in sentences; nothing of it is lost.

    Args:
        longest_wait_s: Estimated seconds of speech without an end after which the text is cut
            between clauses, or, half as many later, between words. 0 waits for the end of the text.
    """

    def __init__(self, longest_wait_s: float) -> None:
        self._longest_wait_ms = 1000 * longest_wait_s
        self._text = ""
        self._half_pair = ""
        self._rank = Break.PARAGRAPH
        self._may_end = False
        self._waiting_ms = 0
        self._num_unbroken = 0.0  # characters up to which a late text is not worth another look

    @property
    def num_waiting(self) -> int:
        """The number of characters that were taken in and not given out."""
        return len(self._text)

    def feed(self, fragment: str) -> list[Sentence]:
        """Take the next part of the text; return the sentences that it completes.

        Raises:
            InvalidRequest: It holds half a character.
        """
        sentences = []
        for char in self._whole_characters(fragment):
            before = self._text[-1:]
            begins_word = char.isalnum() and not before.isalnum()
            self._text += char
            self._may_end |= char in _ENDS
            self._waiting_ms += _spoken_ms(before, char)
            if self._longest_wait_ms and (self._is_late(_PATIENCE) or begins_word):
                while sentence := self._next():
                    sentences.append(sentence)
        return sentences

    def flush(self) -> list[Sentence]:
        """Return what is left as a sentence, if that says anything; the text may go on after it."""
        self._half_pair = ""
        rest = clean(self._text)
        if not speaks(rest):
            return []
        # Ranked as if a sentence followed.
        following = Break(rank_breaks(mark_spaces(f"{rest} A"))[-2])
        return [self._cut(rest, len(rest), following)]

    def _whole_characters(self, fragment: str) -> str:
        """Return the fragment with pairs of surrogates made characters; a half waits for the next.

        JavaScript counts such halves as characters, and so may cut between them.
        """
        text = self._half_pair + fragment
        if text.isascii():
            return text
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        self._half_pair = text[-1] if "\ud800" <= text[-1:] <= "\udbff" else ""
        text = text.removesuffix(self._half_pair)
        if not is_utf8(text):
            self._half_pair = ""
            raise InvalidRequest("The text holds half a character (a lone surrogate)", "text")
        return text

    def _is_late(self, factor: float = 1.0) -> bool:
        return self._waiting_ms > factor * self._longest_wait_ms

    def _next(self) -> Sentence | None:
        """Return the first sentence whose end is certain."""
        is_overdue = self._is_late(_PATIENCE)
        if not (self._may_end or self._is_late()):
            return None
        if is_overdue and len(self._text) < self._num_unbroken:
            return None
        text = clean(self._text)
        marked = mark_spaces(text)
        ranks = rank_breaks(marked)
        last = _last_certain(marked)
        end = next(
            (
                position
                for position in range(1, last + 1)
                if ranks[position] >= Break.SENTENCE and speaks(marked[:position])
            ),
            None,
        )
        if end is None and self._is_late():
            end = self._clause_end(marked, ranks, last)
        if end is None:
            self._may_end = last < len(marked) - 1  # else all that has come goes on
            if is_overdue:
                self._num_unbroken = _GROWTH * len(self._text)
            return None
        num_seen = sum(not char.isspace() for char in marked[:end])
        return self._cut(text, _position_of(num_seen, text), Break(ranks[end]))

    def _clause_end(self, marked: str, ranks: bytearray, last: int) -> int | None:
        """Return the best break in the later half of a text that is late, if it is good enough."""
        best = max(range(len(marked) // 2, last + 1), key=lambda i: (ranks[i], i), default=0)
        least = Break.LETTER if self._is_late(_PATIENCE) else Break.CLAUSE
        return best if best and ranks[best] >= least and speaks(marked[:best]) else None

    def _cut(self, text: str, end: int, rank: Break) -> Sentence:
        sentence = Sentence(text[:end], self._rank)
        self._text, self._rank = text[end:], rank
        self._may_end = any(char in _ENDS for char in self._text)
        self._waiting_ms = sum(map(_spoken_ms, f" {self._text}", self._text))
        self._num_unbroken = 0.0
        return sentence


def _spoken_ms(before: str, char: str) -> int:
    """Return about how long a character takes after the one before it.

    Of spaces and marks that stand together, only the first counts: a line of dashes is not spoken,
    and must not make the word behind it late.
    """
    return duration_ms(char) if char.isalnum() or before.isalnum() else 0


def _last_certain(marked: str) -> int:
    """Return the last position whose rank the rest of the text cannot change.

    Behind the last character, anything may follow.
    """
    tag = OPEN_TAG.search(marked, max(0, len(marked) - MAX_OPEN_TAG_CHARS))
    return tag.start() if tag else len(marked) - 1


def _position_of(num_seen: int, text: str) -> int:
    """Return where in `text` the character after `num_seen` visible ones stands."""
    for position, char in enumerate(text):
        if not char.isspace():
            if not num_seen:
                return position
            num_seen -= 1
    return len(text)
