"""Words of a text, and which of another say them."""

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech.text.words import find_words, match_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, world!", ["Hello,", "world!"]),
        ("[S1] Are you there? [S2] Yes.", ["Are", "you", "there?", "Yes."]),
        ("Wait - what\u2026 no\u2014never", ["Wait", "what\u2026", "no\u2014never"]),
        ("... !", []),
        ("Well,[pause:0.8s] yes", ["Well,", "yes"]),
        ("(laughs) Don't", ["(laughs)", "Don't"]),
        ("\u4f60\u597d\uff0c\u4e16\u754c", ["\u4f60", "\u597d\uff0c", "\u4e16", "\u754c"]),
        ("iPhone \u3067\u3059", ["iPhone", "\u3067", "\u3059"]),
        ("", []),
    ],
)
def test_words_of_a_text(text, words):
    assert [word.text for word in find_words(text)] == words


def test_a_word_is_said_between_its_punctuation():
    [word] = find_words('"(Really)?!"')
    assert (word.start, word.stop) == (2, 8)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_words_do_not_overlap(text):
    words = find_words(text)
    assert all(word.start < word.stop for word in words)
    assert all(left.stop <= right.start for left, right in pairwise(words))


@pytest.mark.parametrize(
    ("written", "spoken", "spans"),
    [
        ("So it is.", "so it is", [(0, 1), (1, 2), (2, 3)]),
        ("It cost $12 then", "It cost twelve dollars then", [(0, 1), (1, 2), (2, 4), (4, 5)]),
        ("yes\u2014no more", "yes, no more", [(0, 2), (2, 3)]),
        ("21 3 dogs", "twenty one three dogs", [(0, 2), (2, 3), (3, 4)]),
        ("a b", "a", [(0, 1), (1, 1)]),
        ("105 and 7", "one hundred and five and seven", [(0, 4), (4, 5), (5, 6)]),
        ("7 and 105", "seven and one hundred and five", [(0, 1), (1, 2), (2, 6)]),
        ("what", "what then", [(0, 2)]),
        ("5:30 p.m. he", "five thirty pee em he", [(0, 2), (2, 4), (4, 5)]),
        (
            "the FBI 1990s kg",
            "the eff bee eye nineteen nineties kilograms",
            [
                (0, 1),
                (1, 4),
                (4, 6),
                (6, 7),
            ],
        ),
        ("so #deal @bob", "so hashtag deal at bob", [(0, 1), (1, 3), (3, 5)]),
    ],
)
def test_words_that_say_others(written, spoken, spans):
    assert match_words(written.split(), spoken.split()) == spans


_WORDS = st.lists(st.sampled_from(["one", "two", "3", "45", "six", "$7.80"]), max_size=12)


@settings(deadline=None)
@given(_WORDS, _WORDS)
def test_matches_are_in_order_and_complete(written, spoken):
    spans = match_words(written, spoken)
    assert len(spans) == len(written)
    edges = [edge for span in spans for edge in span]
    assert edges == sorted(edges)
    assert all(0 <= edge <= len(spoken) for edge in edges)


@settings(deadline=None)
@given(_WORDS, _WORDS)
def test_most_words_in_both_say_themselves(written, spoken):
    lengths = [[0] * (len(spoken) + 1) for _ in range(len(written) + 1)]
    for i, left in enumerate(written):
        for j, right in enumerate(spoken):
            lengths[i + 1][j + 1] = (
                lengths[i][j] + 1 if left == right else max(lengths[i][j + 1], lengths[i + 1][j])
            )
    spans = match_words(written, spoken)
    same = sum(word in spoken[slice(*span)] for word, span in zip(written, spans, strict=True))
    assert same >= lengths[-1][-1]


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        (["a"] * 2000, ["a"] * 2000),
        (["1.", "a"] * 1000, ["one", "a"] * 1000 + ["a"] * 2000),
        (["3"] * 2000, ["three", "hundred", "and", "one"] * 1500),
    ],
)
def test_matching_takes_no_time_to_speak_of(written, spoken):
    start = time.process_time()
    assert len(match_words(written, spoken)) == len(written)
    assert time.process_time() - start < 2
