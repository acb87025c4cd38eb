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


@given(st.lists(st.text("abc. \n", max_size=4000), max_size=5))
def test_parts_are_short_and_no_word_is_lost(blocks):
    text = "\n\n".join(blocks)
    parts = cut(read_chapters(text), {})
    assert all(0 < len(part.text) <= MAX_PART_CHARS for part in parts)
    letters = [char for part in parts for char in part.text if char.isalpha()]
    assert letters == [char for char in text if char.isalpha()]
