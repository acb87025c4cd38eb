from __future__ import annotations

import pytest

from speech.text.layout import drop_drawing
from speech.text.lines import mend_lines
from tests.cpu_time import takes_less

PROSE = (
    "The quick brown fox jumped over the lazy dog and then\n"
    "it went home to sleep in the den that was under the\n"
    "old oak tree by the river"
)


@pytest.mark.parametrize(
    ("verse", "paused"),
    [
        (
            "Roses are red\nViolets are blue\nSugar is sweet\nAnd so are you",
            "Roses are red,\nViolets are blue,\nSugar is sweet,\nAnd so are you",
        ),
        ("Roses are red\nViolets are blue", "Roses are red,\nViolets are blue"),
        (
            "Tyger Tyger, burning bright,\nIn the forests of the\nNight “to be”\n  And thou",
            "Tyger Tyger, burning bright,\nIn the forests of the\nNight “to be”,\n  And thou",
        ),
        ("2 eggs\n1 cup flour\npepper", "2 eggs,\n1 cup flour,\npepper"),
        ("Jane Doe\n12 Elm Street\nLeeds", "Jane Doe,\n12 Elm Street,\nLeeds"),
    ],
)
def test_lines_of_verse_and_of_lists_pause(verse: str, paused: str) -> None:
    assert drop_drawing(verse) == paused


@pytest.mark.parametrize(
    "prose",
    [
        PROSE,
        "He was born in the town of Springfield and lived in New\n"
        "York for years before he moved to the city of Los\nAngeles",
        "Hi Bob, I wanted to ask about the\nproject. Could you send\nme the file we spoke of?",
        "The first line\nof the text",
        "一行\n二行\n三行",
        "[S1] Hello there\n[S2] Hi\n[S1] Bye",
    ],
)
def test_wrapped_prose_is_one_sentence(prose: str) -> None:
    assert drop_drawing(prose).split() == prose.split()


def test_a_line_that_goes_on_is_joined_to_the_next() -> None:
    assert "\n" not in drop_drawing(PROSE)
    asked = "“But where is he, and who?”\nasked Tom, and then, for once,\nhe left.\nnobody knew."
    assert drop_drawing(asked) == (
        "“But where is he, and who?” asked Tom, and then, for once, he left.\nnobody knew."
    )


def test_lines_of_subtitles_go_on_where_a_cue_is_short() -> None:
    cues = "I was going to the shop with\nmy mother, and it was raining\nwhen a man in a long coat"
    said = f"{cues}\ncame up to us.\nHe asked\nwhat we wanted there."
    assert drop_drawing(said).split("\n") == [
        "I was going to the shop with my mother, and it was raining when a man in a long coat came "
        "up to us.",
        "He asked what we wanted there.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "buy milk\ncall the plumber about the leaking tap in the upstairs bathroom\nwalk the dog",
        "ann: we should go there tomorrow before all of the shops close\nbo: it is far, is it not",
        "rate = 24000\nsize = 4",
        "whose woods these are\ni think i know, his house is in the village, and\nhe will",
    ],
)
def test_lines_that_end_where_their_author_meant_stay_apart(text: str) -> None:
    assert drop_drawing(text) == text


def test_prose_whose_lines_begin_with_capitals_by_chance_is_no_verse() -> None:
    lines = [
        "Methods. We enrolled all patients over sixty who were undergoing elective",
        "THA between January and December, and who had given their consent to the",
        "Results. The trial was over before anybody had thought of asking what the",
        "Conclusions were to be.",
    ]
    assert drop_drawing("\n".join(lines)) == "\n".join(lines)


def test_words_in_lines_as_narrow_as_no_column_are_a_list() -> None:
    assert drop_drawing("milk\neggs\nbread") == "milk,\neggs,\nbread"


def test_words_parted_at_a_line_end_are_whole() -> None:
    text = "The exam-\nple was well-\nknown, mother-\nin-law twenty-\none, I was just-\nno-\nbody"
    assert drop_drawing(text) == (
        "The example was well-known, mother-in-law twenty-one, I was just-\nno-\nbody"
    )


def test_lines_take_time_in_proportion() -> None:
    def mend(num_lines: int) -> None:
        mend_lines(["ab-", "a" * 50 + "-", "Ab cd"] * num_lines)

    assert takes_less(mend, 8000, 1000, 30)
