"""The chapters found in a book."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve_app.book.chapters import read_chapters

GUTENBERG = """\
Alice's Adventures

by Lewis Carroll

CHAPTER I.     Down the Rabbit-Hole
CHAPTER II.    The Pool of Tears
CHAPTER III.   A Caucus-Race

CHAPTER I
Down the Rabbit-Hole

Alice was beginning to get very tired of sitting by her sister
on the bank, and of having nothing to do.

Part of her wished to go.

CHAPTER II.
The Pool of Tears

"Curiouser and curiouser!" cried Alice.
"""


def titles(text):
    return [chapter.title for chapter in read_chapters(text)]


def test_headings_of_one_and_two_lines_begin_chapters_a_table_of_contents_none():
    chapters = read_chapters(GUTENBERG)
    assert [chapter.title for chapter in chapters] == [
        "",
        "CHAPTER I: Down the Rabbit-Hole",
        "CHAPTER II: The Pool of Tears",
    ]
    assert [len(chapter.paragraphs) for chapter in chapters] == [3, 3, 2]
    assert chapters[1].paragraphs[0] == "CHAPTER I\nDown the Rabbit-Hole"


@pytest.mark.parametrize(
    "heading",
    [
        *("Chapter 7", "Chapter Seven", "CHAPTER XIV", "Chapter 1: The Boy", "Chapter 1 The Boy"),
        *("PART II. The Sea", "Part One", "Book the First", "Chapter Twenty-One — Rain", "Stave I"),
        *("Prologue", "EPILOGUE", "Preface.", "Introduction: Why", "**Chapter 2**", "Kapitel 3"),
    ],
)
def test_heading_begins_a_chapter(heading):
    [title] = titles(f"{heading}\n\nIt rained.")
    assert title == heading.strip("*").rstrip(".")


@pytest.mark.parametrize(
    "line",
    [
        "Part of it was true.",
        "Part I played in it was small.",
        "Chapter and verse.",
        "Book me a room.",
        "Introduction of a new rule was late.",
        "It was chapter 7",
        "Chapter 1 " + "A" * 100,
    ],
)
def test_sentence_begins_no_chapter(line):
    assert titles(f"{line}\n\nIt rained.") == [""]


def test_markdown_headings_of_two_levels_begin_chapters_with_or_without_blank_lines():
    text = "# The *Book*\nBy me.\n## One ##\nText.\n### Not a chapter\n\nMore.\n## Two"
    chapters = read_chapters(text)
    assert [chapter.title for chapter in chapters] == ["The Book", "One", "Two"]
    assert chapters[1].paragraphs == ["## One ##", "Text.\n### Not a chapter", "More."]


def test_lines_may_end_in_any_way():
    assert titles("Chapter 1\r\n\r\nA.\r\n \r\nChapter 2\r\rB.\f Chapter 3") == [
        *("Chapter 1", "Chapter 2", "Chapter 3")
    ]


@given(st.lists(st.sampled_from(["Chapter 1", "\n", "\n\n", "# Two", " ", "It rained.", "\f"])))
def test_no_word_is_lost_and_none_moves(fragments):
    text = "".join(fragments)
    chapters = read_chapters(text)
    kept = " ".join(paragraph for chapter in chapters for paragraph in chapter.paragraphs)
    assert kept.split() == text.split()


@pytest.mark.parametrize("numbers", [("1", "2", "3"), ("I", "II.", "III"), ("One", "Two", "- 3 -")])
def test_numbers_alone_that_count_up_begin_chapters(numbers):
    text = "The Sea\n\n" + "".join(f"{number}\n\n“It rained.”\n\n" for number in numbers)
    assert titles(text) == ["", *(number.strip(".- ") for number in numbers)]


@pytest.mark.parametrize(
    "text",
    [
        "It was\n\n1\n\na page that went\n\n2\n\non to the next.",
        "How many?\n\nOne.\n\nOnly one.\n\n42\n\nI\n\nDid.",
        "He counted.\n\nOne.\n\nTwo.\n\nThree.\n\nThey ran.",
    ],
)
def test_numbers_of_pages_and_numbers_that_are_said_begin_none(text):
    assert titles(text) == [""]


def test_numbers_in_words_count_on_beyond_ten():
    numbers = ["One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten"]
    numbers += ["Eleven", "TWELVE", *(f"{n}teen" for n in ("Thir", "Four", "Fif", "Six"))]
    numbers += ["Seventeen", "Eighteen", "Nineteen", "Twenty", "Twenty-One", "Twenty Two"]
    assert titles("".join(f"{number}\n\nIt rained.\n\n" for number in numbers)) == numbers


def test_numbers_begin_again_in_each_part():
    text = "Part One\n\n1\n\nA.\n\n2\n\nB.\n\nPart Two\n\n1\n\nC.\n\n2\n\nD."
    assert titles(text) == ["Part One", "1", "2", "Part Two", "1", "2"]
