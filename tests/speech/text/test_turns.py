import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech.errors import InvalidRequest
from speech.text.breaks import Break
from speech.text.turns import check_speakers, check_tags, read_apart, split_turns, without_tags


def test_turns_begin_at_tags_and_the_first_goes_on_under_the_speaker_before():
    turns = split_turns("So. [S12] Yes?\n\n[S1] No.", "S3", Break.CLAUSE)
    assert [(turn.speaker, turn.text.strip(), turn.rank) for turn in turns] == [
        ("S3", "So.", Break.CLAUSE),
        ("S12", "Yes?", Break.SENTENCE),
        ("S1", "No.", Break.PARAGRAPH),
    ]


def test_colon_behind_a_tag_is_the_tags():
    text = "[S1]: Yes: no.\n[S2]: : So."
    turns = split_turns(text, "", Break.PARAGRAPH)
    assert [turn.text.strip() for turn in turns] == ["", "Yes: no.", ": So."]
    assert without_tags(text).split() == ["Yes:", "no.", ":", "So."]
    check_tags(text, {"S1": "ada.ogg", "S2": "otto.ogg"})


def test_tag_may_be_small_or_have_spaces():
    text = "[s1] Yes. [ S2 ]: No."
    assert [turn.speaker for turn in split_turns(text, "", Break.PARAGRAPH)] == ["", "S1", "S2"]
    assert without_tags(text).split() == ["Yes.", "No."]
    check_tags(text, {"S1": "ada.ogg", "S2": "otto.ogg"})


@settings(deadline=None)
@given(st.text("ab []S12:\n."))
def test_turns_hold_all_that_is_not_a_tag(text):
    said = "".join(turn.text for turn in split_turns(text, "", Break.PARAGRAPH))
    assert "".join(said.split()) == "".join(without_tags(text).split())
    assert len(without_tags(text)) == len(text)


@pytest.mark.parametrize("speaker", ["", "1", "s1", "S", "S1 ", "S١", "[S1]", "ada"])
def test_speaker_that_no_tag_can_name_is_refused(speaker):
    with pytest.raises(InvalidRequest, match="is not S and a number"):
        check_speakers({speaker: "ada.ogg"})


@pytest.mark.parametrize(
    ("text", "named"),
    [("[S1] Hi. [S3] Hi. [S2] Hi.", r"\[S3\]"), ("[S1] Hi.", r"\[S2\]"), ("Hi. [S2]", r"\[S1\]")],
)
def test_tag_or_voice_without_the_other_is_named(text, named):
    with pytest.raises(InvalidRequest, match=named):
        check_tags(text, {"S1": "ada.ogg", "S2": "otto.ogg"})


def test_tags_part_a_text_only_where_they_have_voices():
    text = "Well. [S1] Hi. [S2] Ho."
    assert read_apart(text, {}) == [text]
    assert read_apart(text, {"S1": "a", "S2": None}) == ["Well. ", " Hi. ", " Ho."]
