"""Where a reader of English does not stop though no rule of punctuation forbids it.

In other languages the words mean little, and cost little: a cut is only moved to a neighbour.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from speech.text.letters import LETTER_NAMES

_LEADS_ON = re.compile(
    "an?|the|i|my|your|its|our|their|every|he|she|we|they|who|which|and|but|or|nor|if|as|than|of|to|"
    "in|on|at|by|for|from|with|into|upon|mister|missus|miz|doctor|saint|professor|minus",
    re.IGNORECASE,
)
_DIGITS = "zero|oh|one|two|three|four|five|six|seven|eight|nine"
_NUMBER = (
    rf"(?:(?:{_DIGITS}|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|"
    r"(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundred|thousand|million|billion|trillion)"
    r"(?![\w'’-]))"
)
_LETTER = rf"(?:(?:{'|'.join(LETTER_NAMES.values())})(?![\w'’-]))"
_ONE_NAME = re.compile(
    rf"(?<![\w'’-])(?:{_NUMBER}(?:[ ](?:(?:and|point)[ ])?{_NUMBER})+"
    rf"|{_LETTER}(?:[ ]{_LETTER})+)",
    re.IGNORECASE,
)
_ONE_NUMBER = re.compile(_NUMBER)
_LIST_NUMBER = re.compile(rf"^[ ]*{_NUMBER}(?:[ ]{_NUMBER})?\.(?=[ ])", re.MULTILINE)


def leads_on(word: str) -> bool:
    """Tell whether the word behind `word` is said in the same breath."""
    return bool(_LEADS_ON.fullmatch(word) or _ONE_NUMBER.fullmatch(word))


def is_number(word: str) -> bool:
    """Tell whether `word` is a number in small letters: it may begin a sentence, as figures do."""
    return bool(_ONE_NUMBER.match(word))


def spans_of_one_breath(text: str) -> Iterator[tuple[int, int]]:
    """Yield where numbers of several words, and letters that spell a name, begin and end."""
    for name in _ONE_NAME.finditer(text):
        yield name.span()


def list_number_ends(text: str) -> Iterator[int]:
    """Yield where the numbers end that lines begin with, such as `two.`, which are no sentence."""
    for number in _LIST_NUMBER.finditer(text):
        yield number.end()
