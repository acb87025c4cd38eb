"""The parts that a book is spoken in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve_app.book.chapters import Chapter, read_chapters
from serve_app.book.parts import CHAPTER_PAUSE_S, MAX_PART_CHARS, cut
from speech.errors import InvalidRequest

SENTENCE = "The quick brown fox jumps over the lazy dog."


def test_paragraphs_share_a_part_as_long_as_they_fit_and_chapters_do_not():
    long = " ".join([SENTENCE] * 30)
    chapters = [Chapter("One", ["One", SENTENCE, long, long]), Chapter("Two", ["Two"])]
    first, second, third = cut(chapters, {})
    assert first.text == f"One\n\n{SENTENCE}\n\n{long}"
    assert (first.chapter, second.chapter, third.chapter) == ("One", None, "Two")
    assert (first.pause_s, second.pause_s, third.pause_s) == (
        CHAPTER_PAUSE_S,
        0.7,
        CHAPTER_PAUSE_S,
    )


def test_long_paragraph_is_cut_between_sentences():
    parts = cut([Chapter("", [" ".join([SENTENCE] * 200)])], {"sentence_pause_seconds": 0.5})
    assert len(parts) > 3
    assert all(part.text.endswith(SENTENCE) for part in parts)
    assert {part.pause_s for part in parts[1:]} == {0.5}


def test_what_has_no_words_is_left_out():
    assert cut([Chapter("", ["* * *", "-----"])], {}) == []
    [part] = cut([Chapter("", ["* * *", SENTENCE])], {})
    assert part.text == SENTENCE


def test_pause_that_cannot_be_made_is_refused_before_anything_is_spoken():
    with pytest.raises(InvalidRequest, match="Invalid pause"):
        cut([Chapter("", ["Wait [pause:99s] here."])], {})


LONG = " ".join([SENTENCE] * 30)


@pytest.mark.parametrize(
    "between",
    [
        ("[pause:5s]",),
        ("[pause:2s]", "* * *", "[pause:3s]"),
        ('<break time="5s"/>',),
    ],
)
def test_pauses_between_parts_are_those_asked_for(between):
    for paragraphs in ([LONG, *between, LONG], [f"{LONG} {between[0]}", *between[1:], LONG]):
        first, second = cut([Chapter("", paragraphs)], {})
        assert (first.text.strip(), second.text.strip()) == (LONG, LONG)
        assert second.pause_s == 5
    first, second = cut([Chapter("1", [LONG, *between]), Chapter("2", [LONG])], {})
    assert (second.pause_s, second.chapter) == (5, "2")


def test_pauses_within_parts_and_at_the_ends_of_the_book_stay_in_the_text():
    paragraphs = ["[pause:1s]", "A [pause:2s] b.", "[pause:3s]", "C.", "[pause:4s]"]
    [part] = cut([Chapter("", paragraphs)], {})
    assert "".join(part.text.split()) == "[pause:1s]A[pause:2s]b.[pause:3s]C.[pause:4s]"
    assert cut([Chapter("", ["[pause:1s]"])], {}) == []


def test_pauses_between_parts_follow_the_speed_where_none_is_asked_for():
    parts = cut([Chapter("1", [LONG, LONG, "[pause:5s]", LONG])], {}, speed=2.0)
    assert [part.pause_s for part in parts] == [CHAPTER_PAUSE_S / 2, 0.35, 5]


def test_without_pauses_between_paragraphs_their_sentences_have_one():
    parts = cut([Chapter("", [LONG, LONG])], {"paragraph_pause_seconds": 0})
    assert parts[1].pause_s == 0.25


def test_pieces_of_a_paragraph_keep_their_lines_and_are_no_paragraphs():
    lines = [f"- item {number} of those that we need" for number in range(100)]
    parts = cut([Chapter("", ["\n".join(lines)])], {})
    assert [line for part in parts for line in part.text.split("\n")] == lines
    assert all(part.text.startswith("- ") for part in parts)


@given(st.lists(st.text("abc. \n", max_size=4000), max_size=5))
def test_parts_are_short_and_no_word_is_lost(blocks):
    text = "\n\n".join(blocks)
    parts = cut(read_chapters(text), {})
    assert all(0 < len(part.text) <= MAX_PART_CHARS for part in parts)
    letters = [char for part in parts for char in part.text if char.isalpha()]
    assert letters == [char for char in text if char.isalpha()]
