from __future__ import annotations

import pytest

from speech.errors import InvalidRequest
from speech.text.pauses import Part, split_at_pauses


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("No pause.", [Part("No pause.", None)]),
        ("One.[pause:0.8s]Two.", [Part("One.", None), Part("Two.", 0.8)]),
        ("[pause:500ms] One.", [Part(" One.", 0.5)]),
        ("One. [Pause: 1 S]", [Part("One. ", None), Part("", 1.0)]),
        ("One. [pause:1s] [pause:.5s]Two.", [Part("One. ", None), Part("Two.", 1.5)]),
        ("[pause:0s]One", [Part("One", 0.0)]),
        ("[pause:10s][pause:10s]", [Part("", 20.0)]),
        ('One <break time="1.5s"/> two', [Part("One ", None), Part(" two", 1.5)]),
        ("One<break time='500ms'></break>", [Part("One", None), Part("", 0.5)]),
        ('<break strength="strong" />a<break/>', [Part("a", 0.7), Part("", 0.4)]),
        (
            "a <break time=1.5s/>b <break time=20ms>",
            [
                Part("a ", None),
                Part("b ", 1.5),
                Part("", 0.02),
            ],
        ),
        ("press <break> or a <break b", [Part("press <break> or a <break b", None)]),
        ("[pauses] are [pause] words", [Part("[pauses] are [pause] words", None)]),
    ],
)
def test_text_comes_apart_at_its_pauses(text: str, parts: list[Part]) -> None:
    assert split_at_pauses(text) == parts


@pytest.mark.parametrize(
    "pause",
    ["[pause:10.1s]", "[pause:1e1s]", "[pause:nan s]", "[pause:1 m]", '<break time="11s"/>'],
)
def test_an_invalid_pause_is_named(pause: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        split_at_pauses(f"One {pause} two")
    assert pause in str(caught.value)


def test_an_invalid_pause_is_not_repeated_whole() -> None:
    with pytest.raises(InvalidRequest) as caught:
        split_at_pauses("[pause:" + "9" * 4000)
    assert len(str(caught.value)) < 150
