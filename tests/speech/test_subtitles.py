"""Subtitle files."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from speech.subtitles import MAX_CUE_CHARS, MAX_CUE_S, write_subtitles
from speech.timestamps import TimedWord

WORDS = [
    TimedWord("Fish", 0.1, 0.4),
    TimedWord("&", 0.4, 0.5),
    TimedWord("chips.", 0.5, 1.0),
    TimedWord("Yes?", 3661.25, 3661.5),
]


def test_srt_numbers_its_cues():
    assert write_subtitles(WORDS, "srt") == (
        "1\n00:00:00,100 --> 00:00:01,000\nFish & chips.\n\n"
        "2\n01:01:01,250 --> 01:01:01,500\nYes?\n"
    )


def test_vtt_has_a_header_and_escapes():
    assert write_subtitles(WORDS, "vtt") == (
        "WEBVTT\n\n00:00:00.100 --> 00:00:01.000\nFish &amp; chips.\n\n"
        "01:01:01.250 --> 01:01:01.500\nYes?\n"
    )


def test_markup_is_not_shown():
    written = "<b>See **the** [new docs](https://x.y/z) <say-as interpret-as='x'>now</say-as>.</b>"
    words = [TimedWord(word, i, i + 0.9) for i, word in enumerate(written.split())]
    shown = write_subtitles(words, "srt")
    assert shown == "1\n00:00:00,000 --> 00:00:05,900\nSee the new docs now.\n"


def test_words_are_shown_together_however_late_they_are_said():
    early, late = (
        write_subtitles(
            [TimedWord("la", at + 0.3 * i, at + 0.3 * i + 0.3) for i in range(60)], "srt"
        )
        for at in (0, 7200)
    )
    assert re.findall("la.*", late) == re.findall("la.*", early)


def test_no_words_make_an_empty_file():
    assert write_subtitles([], "srt") == ""
    assert write_subtitles([], "vtt") == "WEBVTT\n"


def test_a_cue_of_words_that_are_not_said_has_a_length():
    assert "00:00:01.500 --> 00:00:01.502\n" in write_subtitles([TimedWord("x", 1.5, 1.5)], "vtt")


def test_cues_of_words_that_are_not_said_follow_one_another():
    words = [TimedWord(text, 1.5, 1.5) for text in ("So.", "It.")] + [TimedWord("Is", 1.5, 2.0)]
    times = [line for line in write_subtitles(words, "srt").splitlines() if "-->" in line]
    assert times == [
        "00:00:01,500 --> 00:00:01,502",
        "00:00:01,502 --> 00:00:01,504",
        "00:00:01,504 --> 00:00:02,000",
    ]


def test_scripts_without_spaces_stay_without():
    texts = ["今", "天，", "用", "an", "ox"]
    words = [TimedWord(text, 0.1 * i, 0.1 * i + 0.1) for i, text in enumerate(texts)]
    assert write_subtitles(words, "srt").splitlines()[2] == "今天，用an ox"


def test_wide_characters_are_fewer_on_a_line():
    words = [TimedWord("字", 0.1 * i, 0.1 * i + 0.1) for i in range(50)]
    cues = write_subtitles(words, "srt").split("\n\n")
    assert [len(line) for line in cues[0].splitlines()[2:]] == [21, 21]


@settings(deadline=None)
@given(st.lists(st.tuples(st.text("ab.,!", min_size=1, max_size=12), st.floats(0.05, 1))))
def test_cues_are_short_and_hold_every_word(spoken):
    words, time = [], 0.0
    for text, length in spoken:
        words.append(TimedWord(text, time, time + length))
        time += length
    cues = write_subtitles(words, "srt").split("\n\n") if words else []
    shown = [cue.split("\n", 2)[2] for cue in cues]
    assert " ".join(shown).split() == [word.word for word in words]
    assert all(len(text.strip()) <= MAX_CUE_CHARS for text in shown)
    for cue in cues:
        start, end = re.findall(r"00:(\d\d):(\d\d,\d{3})", cue)
        seconds = [60 * int(m) + float(s.replace(",", ".")) for m, s in (start, end)]
        assert 0 <= seconds[1] - seconds[0] <= MAX_CUE_S + 0.001
