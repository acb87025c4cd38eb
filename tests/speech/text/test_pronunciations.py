from __future__ import annotations

import pytest

from speech.errors import InvalidRequest
from speech.text.pronunciations import check_pronunciations, pronounce


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Siobhan met Nguyen.", "Shivawn met Win."),
        ("SIOBHAN's and siobhan", "Shivawn's and Shivawn"),
        ("Siobhanne, preNguyen", "Siobhanne, preNguyen"),
        ("New York City and New York", "the city and New Yorrk"),
        ("C++ is fun", "see plus plus is fun"),
        ("Renée ran", "Renay ran"),
        ("O’Shea, in New\nYork", "oh shay, in New Yorrk"),
        ("STRASSE, Straße", "strahsa, strahsa"),
        ("42 4.42 42,000 7:42 42.", "answer 4.42 42,000 7:42 answer."),
    ],
)
def test_listed_words_are_said_as_spelled(text: str, said: str) -> None:
    spellings = {
        "Siobhan": "Shivawn",
        "nguyen": "Win",
        "New York": "New Yorrk",
        "New York City": "the city",
        "C++": "see plus plus",
        "O'Shea": "oh shay",
        "Rene\u0301e": "Renay",
        "Straße": "strahsa",
        "42": "answer",
    }
    assert pronounce(text, check_pronunciations(spellings)) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("私は東京に行く。", "私はとうきょうに行く。"),
        ("ฉันไปกรุงเทพวันนี้", "ฉันไปกุงเทบวันนี้"),
        ("我的iPhone很好，两个iPhones", "我的ai phone很好，两个iPhones"),
        ("コーヒーとコーヒ", "コーヒーとkohi"),
        ("เกม กม", "เกม kilo"),
        ("कमी, कमल, कम", "कमी, कमल, kum"),
        ("q\u0304 q", "q\u0304 cue"),
    ],
)
def test_a_word_ends_where_its_script_ends_words(text: str, said: str) -> None:
    spellings = {
        "東京": "とうきょう",
        "กรุงเทพ": "กุงเทบ",
        "iPhone": "ai phone",
        "コーヒ": "kohi",
        "กม": "kilo",
        "कम": "kum",
        "q": "cue",
    }
    assert pronounce(text, check_pronunciations(spellings)) == said


def test_a_capital_behind_a_point_stays_one() -> None:
    spellings = check_pronunciations({"SQL": "sequel", "Nguyen": "win", "C#": "[see] sharp"})
    assert (
        pronounce("SQL? “SQL!” SQL, sql. Sql.", spellings)
        == "sequel? “Sequel!” Sequel, sequel. Sequel."
    )
    assert (
        pronounce("So. sql. Mr. Nguyen.\n\n“Nguyen”", spellings) == "So. sequel. Mr. Win.\n\n“Win”"
    )


def test_words_of_two_paragraphs_are_no_entry() -> None:
    spellings = check_pronunciations({"B C": "bee sea"})
    assert pronounce("A B\n\nC, B \n C.", spellings) == "A B\n\nC, bee sea."


def test_an_entry_may_be_of_a_hundred_characters() -> None:
    assert pronounce("a" * 100, check_pronunciations({"a" * 100: "b" * 100})) == "b" * 100


def test_without_a_list_nothing_changes() -> None:
    assert pronounce("C++ (1).", {}) == "C++ (1)."


@pytest.mark.parametrize(
    "raw",
    [
        {"a": ""},
        {"": "a"},
        {"a": 1},
        {1: "a"},
        {"a": "b" * 101},
        {"\u200b": "x"},
        {"a": "b" + 100 * "\u200b"},  # as it comes: cleaning what is long takes its time
    ],
)
def test_an_entry_that_is_no_word_is_refused(raw: dict[object, object]) -> None:
    needed = "a word and its spelling each need a letter or a digit, and have at most 100 char"
    with pytest.raises(InvalidRequest, match=f"Invalid 'pronunciations': .*: {needed}"):
        check_pronunciations(raw)


@pytest.mark.parametrize(
    "raw", [{"wait": "[pause:5s]"}, {"a": "b [ Pause : 1s"}, {"[S1]": "x"}, {"a": "[S2] b"}]
)
def test_a_tag_is_no_spelling(raw: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest, match="which only the text may have"):
        check_pronunciations(raw)


def test_a_list_without_end_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="1001 entries"):
        check_pronunciations({f"word{number}": "x" for number in range(1001)})
