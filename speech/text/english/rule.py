"""A rule of writing out: which part of a text it takes, and what is said for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from speech.text.english.prescan import Need, needs_of

_ODD_CASE = re.compile("[\u017f\u0131\u0130\u212a]")
"""Letters that match an s, an i or a k where case does not count, as in `İnt'l`."""


class Rule(NamedTuple):
    """Replaces what `pattern` matches by what `say` returns; None leaves it as it is.

    A text that does not fulfil all of `needs` has no match.
    """

    pattern: re.Pattern[str]
    say: Callable[[re.Match[str]], str | None]
    needs: tuple[Need, ...]

    def apply(self, text: str) -> str:
        """Return `text` with every match replaced, but those with letters of odd case."""

        def replace(match: re.Match[str]) -> str:
            # No table has such words.
            said = None if _ODD_CASE.search(match[0]) else self.say(match)
            return match[0] if said is None else said

        return self.pattern.sub(replace, text)


def rule(
    pattern: str,
    say: str | Callable[[re.Match[str]], str | None],
    flags: re.RegexFlag = re.NOFLAG,
) -> Rule:
    """Return the rule for a verbose `pattern`, for which the same may be said each time."""
    compiled = re.compile(pattern, re.VERBOSE | flags)
    return Rule(compiled, (lambda _: say) if isinstance(say, str) else say, needs_of(compiled))


def alternatives(words: Sequence[str]) -> str:
    """Return a pattern of any of `words`, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def listed(words: str) -> list[str]:
    """Return words that are written one after the other."""
    return words.split()


def like(word: str, said: str) -> str:
    """Return `said` with a capital where `word` begins with one."""
    return said.capitalize() if word[:1].isupper() else said
