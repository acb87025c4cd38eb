from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.echo.config import PASS_LIMITS
from speech.parameters import Parameters
from speech.text.breaks import Break
from speech.text.layout import drop_drawing, speaks
from speech.text.passage import Passage, Phrase, has_words, make_passage
from tests.speech.text.test_layout import TEXTS, spoken

SENTENCE = "The lamp in the window went out before anybody came home again. "


def passage(text: str, **parameters: object) -> Passage:
    return make_passage(text, Parameters(**parameters), PASS_LIMITS)


def texts(made: Passage) -> list[str]:
    return [phrase.text for phrase in made.phrases]


def test_a_blank_line_ends_a_pass() -> None:
    text = "Title\n\nText."
    assert [phrase.rank for phrase in passage(text).phrases[1:]] == [Break.PARAGRAPH]
    for parameters in ({"paragraph_pause_seconds": 0}, {"max_chars_per_chunk": 0}):
        assert texts(passage(text, **parameters)) == ["Title Text."]


def test_emphasis_around_a_pause_is_not_said() -> None:
    made = passage("So **very [pause:1s] good** it is.")
    assert texts(made) == ["So very", "good it is."]
    assert [phrase.asked_s for phrase in made.phrases] == [None, 1.0]


def test_a_spelling_in_small_letters_hides_no_sentence() -> None:
    text = f"{SENTENCE}SQL was not there either. "
    spelled = make_passage(
        text, Parameters(target_duration_seconds=4), PASS_LIMITS, {"SQL": "sequel"}
    )
    assert spelled.phrases[1] == Phrase("Sequel was not there either.", Break.SENTENCE)
    titled = make_passage(
        "Mr. Nguyen.", Parameters(normalize_text=True), PASS_LIMITS, {"Nguyen": "win"}
    )
    assert texts(titled) == ["Mister Win."]


def test_what_has_no_words_gets_none_by_being_written_out() -> None:
    text = "[S1] & [S1]"
    assert not has_words(text)
    assert passage(text, normalize_text=True) == Passage(())


def test_a_speaker_goes_on_after_paragraphs_and_pauses() -> None:
    made = passage("[S2] One.\n\nTwo. [pause:1s] Three. [S1] Four.\n----\nFive.")
    assert texts(made) == [
        "[S2] One.",
        "[S2] Two.",
        "[S2] Three. [S1] Four.",
        "[S1] Five.",
    ]


@pytest.mark.parametrize("rule", ["-" * 40, "=" * 40, "* " * 20, "#" * 20, "─" * 30, "😀 " * 9])
def test_both_sides_of_a_rule_are_spoken_apart(rule: str) -> None:
    made = passage(f"Hello world.\n{rule}\nHow are you today?")
    assert [phrase.text for phrase in made.phrases] == ["Hello world.", "How are you today?"]


PAUSES = st.sampled_from([" [pause:1s] ", "[pause:20ms]", "[pause:0s]"])


@settings(deadline=None)
@given(
    st.lists(st.one_of(TEXTS, PAUSES), max_size=4).map("".join),
    st.integers(20, 300),
    st.floats(2, 30),
)
def test_a_passage_loses_no_word_and_keeps_the_limits(
    text: str, max_chars: int, target_s: float
) -> None:
    made = passage(text, max_chars_per_chunk=max_chars, target_duration_seconds=target_s)
    texts = [phrase.text for phrase in made.phrases]
    tagless = "".join(texts).replace("[S1]", "")
    assert spoken(tagless) == spoken(drop_drawing(_without_pauses(text)).replace("[S1]", ""))
    assert all(
        speaks(piece) and len(piece.encode()) <= PASS_LIMITS.max_text_bytes for piece in texts
    )
    assert all(len(piece) <= max_chars for piece in texts)
    assert has_words(text) == bool(texts)


def _without_pauses(text: str) -> str:
    for pause in ("[pause:1s]", "[pause:20ms]", "[pause:0s]"):
        text = text.replace(pause, "\n")
    return text
