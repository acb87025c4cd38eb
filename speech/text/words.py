"""The words of a text, and the match between the words of one text and of another."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise, product
from typing import NamedTuple

from speech.text.breaks import SPEAKER_TAG
from speech.text.duration import estimate_duration_s
from speech.text.pauses import PAUSE_TAG
from speech.text.scripts import are_one_character, is_spaced
from speech.text.word_beginnings import begins_as

_MAX_WEIGHED = 4096
"""Pairs of words that are weighed against each other; among more, any longest match does."""
_UNLIKE_COST = 0.5
"""Of a word that does not sound like the beginning; 1 is the time of all that is matched."""
_RUN = re.compile(r"\S+")


class Word(NamedTuple):
    """A word of a text.

    Attributes:
        text: As it is written, punctuation included.
        start: Position of its first letter or digit.
        stop: Position after its last letter or digit.
    """

    text: str
    start: int
    stop: int


def find_words(text: str) -> list[Word]:
    """Return the words of `text` in order; tags of speakers and pauses are none, nor lone marks.

    Words are between spaces; where a script does without, each visible character is one.
    """
    for tag in (SPEAKER_TAG, PAUSE_TAG):
        text = tag.sub(lambda match: " " * len(match[0]), text)
    found = []
    for run in _RUN.finditer(text):
        for start, stop in _parts(text, run.start(), run.end()):
            said = [i for i in range(start, stop) if text[i].isalnum()]
            if said:
                found.append(Word(text[start:stop], said[0], said[-1] + 1))
    return found


def _parts(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Cut a run without spaces before each character of a script that has no spaces."""
    cuts = [start]
    for i in range(start + 1, stop):
        left, right = text[i - 1], text[i]
        if are_one_character(left, right) or not right.isalnum():
            continue
        if not (is_spaced(left) and is_spaced(right)):
            cuts.append(i)
    yield from pairwise([*cuts, stop])


def match_words(written: Sequence[str], spoken: Sequence[str]) -> list[tuple[int, int]]:
    """Return which of `spoken` says each word of `written`: the first, and the one after the last.

    Most words are in both; what stands between those shares what is said between them, by how
    long it takes to say.
    """
    spans: list[tuple[int, int]] = []
    start = first = 0
    ends = (len(written), len(spoken))
    for stop, last in (*_same(written, spoken), ends):
        begins = last
        if start < stop:
            spans += _share(written[start:stop], spoken[first:last], first)
        elif first < last:  # said on top, as "hashtag" for a sign before a word, or behind one
            if stop < len(written) and begins_as(written[stop], spoken[first]):
                begins = first
            elif spans:
                spans[-1] = (spans[-1][0], last)
        if stop < len(written):
            spans.append((begins, last + 1))
        start, first = stop + 1, last + 1
    return spans


def _same(written: Sequence[str], spoken: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places of the same words in both, in order.

    Of a word that is said more often than it is written, such as the "and" of "105 and 7", the one
    that is said nearest to its time is the one that was written.
    """
    left, right = [*map(_key, written)], [*map(_key, spoken)]
    num_written, num_said = Counter(left), Counter(right)
    certain = [
        (i, j) for i, j in _common(left, right) if num_written[left[i]] == num_said[right[j]]
    ]
    same: list[tuple[int, int]] = []
    start = first = 0
    for stop, last in (*certain, (len(left), len(right))):
        between = _timely if (stop - start) * (last - first) <= _MAX_WEIGHED else _common
        same += [(start + i, first + j) for i, j in between(left[start:stop], right[first:last])]
        same.append((stop, last))
        start, first = stop + 1, last + 1
    return same[:-1]


def _timely(left: Sequence[str], right: Sequence[str]) -> list[tuple[int, int]]:
    """Return the longest common subsequence whose words are said at the most similar times."""
    times, other_times = _shares(left), _shares(right)
    scores = [[0.0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i, j in product(reversed(range(len(left))), reversed(range(len(right)))):
        scores[i][j] = max(scores[i + 1][j], scores[i][j + 1])
        if left[i] == right[j]:
            score = 1 - 0.0001 * abs(times[i] - other_times[j])
            scores[i][j] = max(scores[i][j], score + scores[i + 1][j + 1])
    same = []
    i = j = 0
    while i < len(left) and j < len(right):
        if scores[i][j] == scores[i + 1][j]:
            i += 1
        elif scores[i][j] == scores[i][j + 1]:
            j += 1
        else:
            same.append((i, j))
            i, j = i + 1, j + 1
    return same


def _common(left: Sequence[str], right: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places in both of a longest common subsequence, in order.

    The work is that of a bit per pair of words, whatever the words are. Source: H. Hyyrö,
    Bit-parallel LCS-length computation revisited, 2004.
    """
    places: defaultdict[str, int] = defaultdict(int)
    for column, word in enumerate(right):
        places[word] |= 1 << column
    everywhere = row = (1 << len(right)) - 1
    rows = []  # a bit is 0 where one word more of `right` makes the subsequence longer
    for word in left:
        matches = row & places.get(word, 0)
        row = ((row + matches) | (row - matches)) & everywhere
        rows.append(row)
    common = []
    index, column = len(left) - 1, len(right) - 1
    while index >= 0 and column >= 0:
        if rows[index] >> column & 1:
            column -= 1
        elif index and not rows[index - 1] >> column & 1:
            index -= 1
        else:
            common.append((index, column))
            index, column = index - 1, column - 1
    return common[::-1]


def _share(written: Sequence[str], spoken: Sequence[str], first: int) -> Iterator[tuple[int, int]]:
    if len(written) == len(spoken):
        cuts = list(range(len(spoken) + 1))
    elif len(written) < len(spoken) and len(written) * len(spoken) <= _MAX_WEIGHED:
        cuts = _likely_cuts(written, spoken)
    else:
        ends = _shares(spoken)
        cuts = [_nearest(ends, goal) for goal in _shares(written)]
    yield from pairwise(first + cut for cut in cuts)


def _likely_cuts(written: Sequence[str], spoken: Sequence[str]) -> list[int]:
    """Return where the words that are said for each written one begin, and the last ones end.

    Each gets one or more; where it begins costs by how far that is from its share of the time, and
    by whether the word there sounds like its beginning.
    """
    goals, ends = _shares(written), _shares(spoken)
    costs = {0: 0.0}  # by the place where the word before begins
    came_from: list[dict[int, int]] = []
    for i, word in enumerate(written[1:], 1):
        best, origins, row = -1, dict[int, int](), dict[int, float]()
        for cut in range(i, len(spoken) - len(written) + i + 1):
            if cut - 1 in costs and (best < 0 or costs[cut - 1] < costs[best]):
                best = cut - 1
            unlike = _UNLIKE_COST * (not begins_as(word, spoken[cut]))
            row[cut] = costs[best] + abs(ends[cut] - goals[i]) + unlike
            origins[cut] = best
        costs = row
        came_from.append(origins)
    cuts = [min(costs, key=costs.__getitem__)]
    for origins in reversed(came_from):
        cuts.append(origins[cuts[-1]])
    return [*reversed(cuts), len(spoken)]


def _shares(words: Sequence[str]) -> list[float]:
    """Return when each word begins and the last one ends, in parts of the whole."""
    ends = list(accumulate(map(estimate_duration_s, words), initial=0.0))
    return [end / max(ends[-1], 1e-9) for end in ends]


def _nearest(ascending: Sequence[float], goal: float) -> int:
    """Return where the value nearest to `goal` is."""
    after = min(bisect_left(ascending, goal), len(ascending) - 1)
    before = max(after - 1, 0)
    return before if goal - ascending[before] <= ascending[after] - goal else after


def _key(word: str) -> str:
    return "".join(filter(str.isalnum, word)).casefold()
