from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from speech.text.layout import drop_drawing, speaks

PIECES = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["Word. ", "word ", "5", "\n", "\n\n", "- item\n", "# Head\n", "1. x\n"]),
    st.sampled_from(
        ["[S1] ", "(laughs)", "\u3000", "'", '"', "「", "é", "क्षि", "👩\u200d👩", "🇫🇷"]
    ),
    st.tuples(st.sampled_from("-_=*#.!?…─│~ 😀()[],;"), st.integers(1, 30)).map(
        lambda run: run[0] * run[1]
    ),
)
TEXTS = st.lists(PIECES, max_size=25).map("".join)


def spoken(text: str) -> str:
    return "".join(filter(str.isalnum, text))


@pytest.mark.parametrize(
    ("drawn", "plain"),
    [
        (f"Hello.\n{'-' * 40}\nBye.", "Hello.\n\nBye."),
        (f"Hello.\n{'* ' * 20}\nBye.", "Hello.\n\nBye."),
        ("One\n***\nTwo", "One\n\nTwo"),
        (f"Hello{'.' * 50} world", "Hello... world"),
        (f"Hello{'!' * 29} How are you?", "Hello! How are you?"),
        ("What?!?!?! No.", "What?! No."),
        ("“Stop!!!!” she said.", "“Stop!” she said."),
        ("My name is ____ and I live here.", "My name is, and I live here."),
        ("Yes ----- no.", "Yes, no."),
        ("Great 😀😀😀😀 thanks", "Great, thanks"),
        ("Great 😀🎉🙏👍🏽", "Great"),
        ("┌───┐\n│ Box │\n└───┘", "\n Box\n"),
        ("Hi!!!!! [S2] Oh.", "Hi! [S2] Oh."),
        ("x - - - - y -- == -- == z", "x, y, z"),
        ("> Quoted\n> twice", "Quoted twice"),
        ("1. So\n   a. One\n   b. Two\n ii. III", "1. So.\na. One.\nb. Two.\nii. III."),
        ("### 📌 Notes\nOne", "\n📌 Notes.\n\nOne"),
        ("Steak ....... $24.50", "Steak... $24.50"),
        ("Wine . . . . £9", "Wine... £9"),
        ("Tip (18%)........$2 ..... 5%", "Tip (18%)... $2... 5%"),
    ],
)
def test_a_run_of_marks_is_a_break(drawn: str, plain: str) -> None:
    assert drop_drawing(drawn) == plain


@pytest.mark.parametrize(
    "text",
    [
        "He said: “Wait...” (really?), then left...",
        'He left. "...and then?!" - she asked',
        "A family 👨\u200d👩\u200d👧\u200d👦 from 🇫🇷🇩🇪 👍🏽",
        "Call 555-1234; see https://a.b/c_d?e=f#g or [S1] (laughs) C++ {x}",
        "Zalgo e\u0301\u0302\u0303\u0304\u0305 and नमस्ते",
        "J. Smith left.\n5 people saw it.\nDr. No, too",
        "5 > 3 and a > b",
    ],
)
def test_punctuation_is_no_drawing(text: str) -> None:
    assert drop_drawing(text) == text


def test_headings_and_list_items_are_sentences() -> None:
    text = "# The list #\n- one\n- two\n  goes on\n* three!\n1) four\n\nThe end\n## Last\nof it"
    assert drop_drawing(text).split("\n") == [
        *("", "The list.", ""),
        *("one.", "two goes on.", "three!", "1. four.", ""),
        *("The end", "", "Last.", "", "of it"),
    ]


@settings(deadline=None)
@example("a" + "-" * 5 + "b")
@given(TEXTS)
def test_layout_loses_no_letter_and_adds_none(text: str) -> None:
    assert spoken(drop_drawing(text)) == spoken(text)


@settings(deadline=None)
@given(TEXTS)
def test_no_run_is_left(text: str) -> None:
    plain = drop_drawing(text)
    assert not any(run in plain for run in ("----", "____", "====", "****", "!!!!", "....", "─"))
    assert speaks(plain) == speaks(text)
