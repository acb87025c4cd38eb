"""The rank of a cut at each position of a text: between sentences, clauses, words.

Punctuation decides, not grammar: where "Dr." or "U.S." leaves doubt, the text is not cut there.
"""

from __future__ import annotations

import re
import unicodedata
from enum import IntEnum
from itertools import pairwise

from speech.text.phrasing import is_number, leads_on, list_number_ends, spans_of_one_breath
from speech.text.scripts import (
    CLAUSE_ENDS,
    CLOSERS,
    OPENERS,
    QUOTES,
    SENTENCE_ENDS,
    ZERO_WIDTH_SPACE,
    are_one_character,
    is_spaced,
)


class Break(IntEnum):
    """The parts of a text that a cut would separate, from worst to best."""

    CLUSTER = 0  # the code points of one visible character, or a tag such as (laughs)
    GLUED = 1  # a bracket or mark from its text, a speaker tag from what is spoken
    LETTER = 2  # a word, a number, a URL
    SYLLABLE = 3  # characters of a script written without spaces, words said in one breath
    WORD = 4
    CLAUSE = 5
    SENTENCE = 6
    PARAGRAPH = 7


SPEAKER_TAG = re.compile(r"\[S\d\]")
"""The tag before a speaker's text, as the model was taught; anything else is text."""

_TAG = re.compile(r"[\[(][^\[\]()]{1,32}[\])]|<break\b[^<>]{0,64}>", re.IGNORECASE)
OPEN_TAG = re.compile(r"(?:[\[(][^\[\]()]{0,32}|<break\b[^<>]{0,64})\Z", re.IGNORECASE)
"""The end of a text that may yet turn out to be a tag, which is never cut."""
MAX_OPEN_TAG_CHARS = 70
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")

_MARKDOWN_LINE = re.compile("(?:^|(?<=[\n\u2029]))(?:#{1,6} |\\|)[^\n\u2029]*")

# Each run of white space becomes the one of these that says what it separates.
_NO_BREAK, _SPACE, _LINE, PARAGRAPH = "\u00a0", " ", "\n", "\u2029"
_GAP = re.compile(f"[{_SPACE}{_LINE}{PARAGRAPH}]")
_RUN_OF_SPACE = re.compile(r"\s+")
_NEWLINE = re.compile("\r\n|[\n\r\v\x85\u2028]")

# Marks that end a sentence or a clause with or without a space behind them.
_INNER = "".join(c for c in SENTENCE_ENDS + CLAUSE_ENDS if not c.isascii() and c != "–")
_INNER_END = re.compile(f"[{_INNER}][{re.escape(SENTENCE_ENDS + CLAUSE_ENDS + CLOSERS)}]*")
_JOINT = re.compile(r"(?<=[^\W_])(?!['’]\w)(?:[^\w\s]|_)+(?=[^\W_])")  # commas in a table's row
_CLINGS_LEFT = frozenset(_INNER + CLOSERS)
_CLINGS_RIGHT = frozenset(OPENERS)
_EMPHASIS = "*_~`"
_WRAPPERS = OPENERS + CLOSERS + QUOTES + _EMPHASIS + _NO_BREAK
_FIGURE = "1"  # what a number in words begins with as well
_SEEN_CHARS = 48  # how far around a gap words are read

_DOTTED = re.compile(r"(?:[^\W\d_]{1,3}\.)*[^\W\d_]{1,3}\.[^\W\d_]{1,3}")  # e.g, U.S, Ph.D
_NEVER_END = re.compile(  # titles and the like
    "dr|mr|mrs|ms|mx|messrs|prof|ste?|mt|ft|rev|hon|gen|gov|sen|rep|pres|capt|cmdr|col|lt|maj|sgt|"
    "cpl|pvt|adm|supt|vs|cf|al|approx|dept|est|viz|esp|hr|bzw|ca|mme|mlle|mgr|sra|srta|dra|"
    "drs|profs|sens|msgr|atty|insp|cdr|feat|cllr|rt|nr|incl|excl|(?-i:INT|EXT)|"
    "ul|godz|tzw|inż|dott|avv|doç|ул|проф|им|обл|просп|акад|напр|тыс|млн|млрд",
    re.IGNORECASE,
)
_END_UNLESS_NUMBER_FOLLOWS = re.compile(
    "no|nos|figs?|eqs?|vols?|chs?|secs?|arts?|pp?|abb|vv|ll|iss|bk|plat|elev|apt|ep|ext|op|paras?|"
    "regs?|sched|bldg|exh?|rm|rte|hwy|qty|tel|dep|arr|fl|sc|cl|ps|prov|isa|jer|matt?|rom|cor|"
    "eph|phil|thess|heb|cat|res|sch|max|ver|lvl?|pt|mk|pgs?|chap|sect|amend|acct|inv|subpara|"
    "(?-i:Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)|"
    "jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec",
    re.IGNORECASE,
)
_END_UNLESS_NUMERAL_FOLLOWS = re.compile(
    "vols?|chs?|paras?|sched|eqs?|(?-i:Amend|Apt|Arts?|Bk|Bldg|Cat|Exh?|Figs?|Mk|Pt|Rm|Sch|Secs?)",
    re.IGNORECASE,
)
_LEADS_ON = re.compile(  # of German, an ordinal before a noun; of Spanish, a title
    r"(?<!\w)(?:(?:(?<!\bI\s)(?<!\d\s)am|im|vom|zum|beim|der|die|das|den|dem|des)\s\d{1,3}"
    r"|(?:el|al|del)\sSr)\.\s\w",
    re.IGNORECASE,
)
_END_IF_CAPITAL_FOLLOWS = re.compile("etc|inc|ltd|co|corp|bros|jr|sr|esq|usw", re.IGNORECASE)


def mark_spaces(text: str) -> str:
    """Strip, and make each run of white space the one that says what it separates."""

    def separator(match: re.Match[str]) -> str:
        run = match[0]
        if not run.strip(f"{_NO_BREAK}\u2007\u202f"):
            return _NO_BREAK
        num_newlines = len(_NEWLINE.findall(run))
        if num_newlines > 1 or PARAGRAPH in run or "\f" in run:
            return PARAGRAPH
        return _LINE if num_newlines else _SPACE

    return _RUN_OF_SPACE.sub(separator, text.strip())


def plain_spaces(text: str) -> str:
    """Strip, make each run of white space one space, and drop the invisible bounds of words."""
    return _RUN_OF_SPACE.sub(" ", text.replace(ZERO_WIDTH_SPACE, "").strip())


def rank_breaks(text: str) -> bytearray:
    """Return the `Break` of a cut before each character of `text`, as `mark_spaces` returns it."""
    ranks = bytearray([Break.LETTER]) * (len(text) + 1)
    for position, (left, right) in enumerate(pairwise(text), 1):
        if not (left.isascii() and right.isascii()):
            ranks[position] = _rank_between(left, right)
    _rank_joints(text, ranks)
    _rank_inner_ends(text, ranks)
    _rank_gaps(text, ranks)
    _keep_breaths_whole(text, ranks)
    _keep_markdown_lines_whole(text, ranks)
    _keep_tags_whole(text, ranks)
    return ranks


def _rank_between(left: str, right: str) -> Break:
    if are_one_character(left, right):
        return Break.CLUSTER
    if left.isspace() or right.isspace() or left in _CLINGS_RIGHT or right in _CLINGS_LEFT:
        return Break.GLUED
    if left == ZERO_WIDTH_SPACE:
        return Break.WORD
    return Break.LETTER if is_spaced(left) and is_spaced(right) else Break.SYLLABLE


def _rank_joints(text: str, ranks: bytearray) -> None:
    """Rank the places behind marks that join words without a space, figures aside.

    A bracket or quote that opens stays with the word behind it.
    """
    for marks in _JOINT.finditer(text):
        start, end = marks.span()
        cut = start + len(marks[0].rstrip(OPENERS))
        is_figure = text[start - 1].isdigit() and text[end].isdigit()
        is_mark = cut == start or unicodedata.category(text[cut - 1])[0] in "PS"
        if ranks[cut] == Break.LETTER and is_mark and not is_figure:
            ranks[cut] = Break.SYLLABLE


def _rank_inner_ends(text: str, ranks: bytearray) -> None:
    """Rank the places behind marks such as 。 that no space follows."""
    for marks in _INNER_END.finditer(text):
        start, end = marks.span()
        before, after = text[start - 1 : start], text[end : end + 1]
        if after.isspace() or (before.isdigit() and after.isdigit()):
            continue
        if ranks[end] != Break.CLUSTER:
            is_sentence = any(mark in SENTENCE_ENDS and mark != "…" for mark in marks[0])
            ranks[end] = Break.SENTENCE if is_sentence else Break.CLAUSE


def _rank_gaps(text: str, ranks: bytearray) -> None:
    """Rank the places behind white space."""
    all_lowercase = text == text.lower()
    rank = Break.PARAGRAPH
    word_start = 0
    begins_line = True
    for gap in _GAP.finditer(text):
        position = gap.end()
        word = text[max(word_start, gap.start() - _SEEN_CHARS) : gap.start()]
        upcoming = text[position : position + _SEEN_CHARS].split(maxsplit=1)[0]
        follower = upcoming.lstrip(QUOTES + _EMPHASIS)[:1]
        is_quoted = word[-1:] in QUOTES
        if is_number(upcoming) and not is_quoted:
            follower = _FIGURE
        elif all_lowercase:
            follower = follower.upper()
        own_rank = _rank_after(
            word,
            follower,
            begins_sentence=begins_line or rank >= Break.SENTENCE,
            ends_line=gap[0] == _LINE and not is_quoted,
        )
        # Dashes, dots and emoji by themselves belong to the word before them, or are a bullet.
        rank = own_rank if _speaks(word) or begins_line else max(rank, own_rank)
        if gap[0] == PARAGRAPH:
            rank = Break.PARAGRAPH
        elif gap[0] == _LINE:
            rank = max(rank, Break.CLAUSE)
        leads = not _speaks(word) and (begins_line or word[-1] in OPENERS)
        begins_line = gap[0] != _SPACE
        clings = not begins_line and not _speaks(upcoming) and upcoming[0] not in OPENERS
        ranks[gap.start()] = Break.GLUED
        ranks[position] = Break.GLUED if leads or clings else rank
        word_start = position


def _speaks(word: str) -> bool:
    return any(char.isalnum() for char in word)


def _rank_after(word: str, follower: str, *, begins_sentence: bool, ends_line: bool) -> Break:
    """Rank the gap behind `word`; `follower` is the first character after it, quotes aside."""
    core = word.strip(_WRAPPERS)
    if core.endswith("."):
        if not core.endswith("..") and _is_abbreviation(
            core[:-1], follower, begins_sentence=begins_sentence
        ):
            return Break.WORD
    elif not core or core[-1] not in SENTENCE_ENDS:
        if core and core[-1] in CLAUSE_ENDS:
            return Break.CLAUSE
        return Break.SYLLABLE if leads_on(word) else Break.WORD
    return Break.CLAUSE if follower.islower() and not ends_line else Break.SENTENCE


def _is_abbreviation(stem: str, follower: str, *, begins_sentence: bool) -> bool:
    """Tell whether the full stop behind `stem` belongs to it and ends no sentence."""
    if _NEVER_END.fullmatch(stem):
        return True
    if _END_UNLESS_NUMBER_FOLLOWS.fullmatch(stem):
        numeral = "IVXLC(" if _END_UNLESS_NUMERAL_FOLLOWS.fullmatch(stem) else ""
        return follower.isdigit() or follower in {"#", *numeral}
    if _END_IF_CAPITAL_FOLLOWS.fullmatch(stem):
        return not follower.isupper()
    is_initial = len(stem) == 1 and stem.lower() != stem.upper()
    is_list_number = begins_sentence and len(stem) <= 2 and stem.isdigit()
    return is_initial or is_list_number or bool(_DOTTED.fullmatch(stem))


def _keep_breaths_whole(text: str, ranks: bytearray) -> None:
    """Let a cut within a number or a name that is spelled, or behind a list's number, cost more."""
    for start, end in spans_of_one_breath(text):
        within = ranks[start + 1 : end]
        ranks[start + 1 : end] = bytes(min(rank, Break.SYLLABLE) for rank in within)
    for words in _LEADS_ON.finditer(text):
        ranks[words.end() - 1] = Break.SYLLABLE
    for end in list_number_ends(text):
        ranks[end + 1] = Break.SYLLABLE


def _keep_markdown_lines_whole(text: str, ranks: bytearray) -> None:
    """Let no sentence end in a heading or a table's row: "# 1. Title" is one, and a paragraph.

    So it is in text that comes in fragments; of a whole one, the layout leaves no such line.
    """
    for line in _MARKDOWN_LINE.finditer(text):
        start, end = line.span()
        within = ranks[start + 1 : end]
        ranks[start + 1 : end] = bytes(min(rank, Break.CLAUSE) for rank in within)
        if end < len(text) and line[0][0] == "#":
            ranks[end + 1] = Break.PARAGRAPH


def _keep_tags_whole(text: str, ranks: bytearray) -> None:
    for whole in (_TAG, _FLAG):
        for match in whole.finditer(text):
            start, end = match.span()
            ranks[start + 1 : end] = bytes([Break.CLUSTER]) * (end - start - 1)
    speakers = [tag.span() for tag in SPEAKER_TAG.finditer(text)]
    for start, _ in speakers:
        ranks[start] = max(ranks[start], Break.SENTENCE)
    for _, end in speakers:
        ranks[end] = Break.GLUED
        if text[end : end + 1].isspace():
            ranks[end + 1] = Break.GLUED
