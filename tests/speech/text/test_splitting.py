from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.echo.config import PASS_LIMITS
from speech.limits import PassLimits
from speech.pcm import FRAME_SAMPLES, SAMPLE_RATE_HZ
from speech.text.duration import estimate_duration_s
from speech.text.splitting import split_text as split_within
from tests.cpu_time import takes_less

PROSE = (
    "The old house stood at the end of the lane. Nobody had lived there for years, or so the "
    "people of the village said. One evening, when the rain had stopped and the fog came up from "
    "the river, a light appeared in the highest window! Who could it be? The children whispered "
    "about it at school; their parents did not want to hear a word. "
)
PIECES = st.one_of(
    st.sampled_from(["Dr. No", "e.g.", "3.14", "x@y.org", "one two three. ", "Yes! ", ", ", "—"]),
    st.sampled_from(["[S1]", "[S2] ", "(laughs)", "...", "…", "。", "！", '"', "”", "(", "「"]),
    st.sampled_from(
        ["你好", "สวัสดี", "नमस्ते।", "مرحبا؟", "👨‍👩‍👧‍👦", "🇫🇷", "e\u0301", "\u0301", "\u200d"]
    ),
    st.sampled_from([" ", "\n\n", "\u00a0", "\t", "\ud83d", "\udc00"]),
    st.sampled_from(["a" * 50, "字" * 60, "7" * 40, "\u0301" * 300]),
)
TEXTS = st.one_of(st.text(), st.lists(PIECES, max_size=60).map("".join))


def split_text(
    text: str, max_chars: int, target_s: float, limits: PassLimits = PASS_LIMITS
) -> list[str]:
    return [piece.text for piece in split_within(text, max_chars, target_s, limits)]


def solid(text: str) -> str:
    return "".join(text.split())


def without_repeated_tags(chunks: list[str], text: str) -> str:
    """Put chunks together again, less the speaker tags that the text has in an earlier place."""
    text, found = solid(text), ""
    for chunk in chunks:
        body = solid(chunk)
        if not text.startswith(body, len(found)):
            body = re.sub(r"^\[S\d\]", "", body)
        found += body
    return found


@settings(deadline=None)
@given(TEXTS, st.integers(0, 400), st.floats(0.1, 30))
def test_split_loses_nothing(text: str, max_chars: int, target_s: float) -> None:
    chunks = split_text(text, max_chars, target_s)
    assert without_repeated_tags(chunks, text) == solid(text)
    for chunk in chunks:
        assert chunk == " ".join(chunk.split()) != ""


@settings(deadline=None)
@example("[S2] " + "\u0301" * 3000, 3000, 25.0)
@example("[S2] " + "\u0301" * 1514, 3000, 25.0)
@given(TEXTS.map(lambda text: text * 5), st.integers(20, 3000), st.floats(2, 30))
def test_split_keeps_every_limit(text: str, max_chars: int, target_s: float) -> None:
    for chunk in split_text(text, max_chars, target_s):
        assert len(chunk) <= max_chars
        assert len(chunk.encode("utf-8", "surrogatepass")) <= PASS_LIMITS.max_text_bytes
        assert estimate_duration_s(chunk) <= min(1.5 * target_s, PASS_LIMITS.max_speech_s)


@settings(deadline=None)
@example("7" * 400 + "字" * 200, 32, 10.0)
@given(TEXTS, st.integers(32, 640), st.floats(2, 30))
def test_split_fits_chunks_into_a_short_pass(text: str, pass_frames: int, target_s: float) -> None:
    pass_s = pass_frames * FRAME_SAMPLES / SAMPLE_RATE_HZ
    chunks = split_text(text, 3000, target_s, PASS_LIMITS.shortened(pass_frames))
    assert all(estimate_duration_s(chunk) <= 0.85 * pass_s for chunk in chunks)
    assert without_repeated_tags(chunks, text) == solid(text)


@pytest.mark.parametrize("tag", ["", "[S2] "])
def test_split_counts_bytes(tag: str) -> None:
    chunks = split_text(tag + "😀" * 500, 3000, 25.0)
    assert len(chunks) == 3
    assert max(len(chunk.encode()) for chunk in chunks) <= PASS_LIMITS.max_text_bytes


@settings(deadline=None)
@given(TEXTS, st.floats(2, 30))
def test_split_leaves_alone_what_fits(text: str, target_s: float) -> None:
    fits = estimate_duration_s(text) <= target_s and len(solid(text)) <= 100
    if fits and text.strip():
        assert split_text(text, 1000, target_s) == [" ".join(text.split())]


def test_split_of_blank_text_is_empty() -> None:
    assert split_text(" \n\t\u00a0", 300, 10.0) == []
    assert split_text("", 0, 10.0) == []


def test_split_never_splits_when_told_so() -> None:
    assert split_text(PROSE * 20, 0, 2.0) == [(PROSE * 20).strip()]


def test_split_of_prose_ends_chunks_at_sentences_near_the_target() -> None:
    chunks = split_text(PROSE * 5, 300, 10.0)
    assert all(chunk[-1] in ".!?" for chunk in chunks)
    assert all(6 <= estimate_duration_s(chunk) <= 15 for chunk in chunks)


def test_split_follows_the_target() -> None:
    long, short = split_text(PROSE * 5, 1000, 20.0), split_text(PROSE * 5, 1000, 5.0)
    assert 3 * len(long) < len(short)


def test_split_balances_rather_than_leave_a_rest() -> None:
    sentence = "Seven words make up one whole sentence. "
    chunks = split_text(sentence * 5, 165, 30.0)
    assert [chunk.count(".") for chunk in chunks] in ([2, 3], [3, 2])


def test_split_leaves_no_word_alone() -> None:
    words = " ".join(["word"] * 31)
    assert min(len(chunk.split()) for chunk in split_text(words, 150, 30.0)) > 10
    assert split_text(f"{PROSE[:44]} {PROSE[:44]} {PROSE[:44]} Yes.", 300, 8.0)[-1] != "Yes."


def test_split_prefers_clauses_to_words() -> None:
    clause = "which nobody had expected at all on that particular day"
    chunks = split_text(", ".join([clause] * 12), 300, 10.0)
    assert all(chunk.endswith((",", "day")) for chunk in chunks)


@pytest.mark.parametrize(
    "mark",
    [
        *(
            ",",
            "/",
            "...",
            "--",
            "_",
            "|",
            "+",
            '"',
            "”“",
            "😀",
            "👍🏽",
            "—“",
            "’“",
            "™",
            "×",
            ")(",
            "(",
        )
    ],
)
def test_split_keeps_words_whole_that_marks_join(mark: str) -> None:
    words = ["lantern", "winter", "market", "garden"] * 6
    chunks = split_text(mark.join(words), 60, 4)
    assert [word for chunk in chunks for word in re.findall("[a-z]+", chunk)] == words


def test_split_carries_the_speaker_over() -> None:
    chunks = split_text(f"[S1] Hi. [S2] (laughs) {PROSE * 2} [S1] {PROSE}", 200, 8.0)
    speakers = [re.findall(r"\[S\d\]", chunk) for chunk in chunks]
    assert all(re.match(r"\[S\d\] \S", chunk) for chunk in chunks)
    assert speakers[0][0] == "[S1]"
    assert speakers[1] == ["[S2]"]
    assert speakers[-1] == ["[S1]"]
    assert not any(re.search(r"\[S\d\]$", chunk) for chunk in chunks)


def test_split_adds_no_speaker_where_the_text_names_none() -> None:
    assert not any("[" in chunk for chunk in split_text(PROSE * 3, 150, 5.0))


@pytest.mark.parametrize(
    "whole",
    ["https://example.com/a.b.c?d=e,f", "joe.bloggs@example.com", "1,000.50", "(clears throat)"],
)
def test_split_keeps_whole_what_fits(whole: str) -> None:
    for padding in range(60):
        text = f"{'x ' * padding}{whole}{' y' * 60}"
        assert sum(whole in chunk for chunk in split_text(text, 60, 3.0)) == 1


@pytest.mark.parametrize("character", ["👨‍👩‍👧‍👦", "🇫🇷", "e\u0301\u0323", "字", "ที่", "क्षि", "각"])
def test_split_cuts_between_characters_where_there_are_no_words(character: str) -> None:
    chunks = split_text(character * 400, 300, 10.0)
    assert len(chunks) > 1
    assert all(chunk == character * (len(chunk) // len(character)) for chunk in chunks)


HOSTILE = [
    *(".", "(", "a", '"', "。", "字", "\u0301", "🇫"),
    *(". ", "a ", "- ", "1. ", "a.b.", "，a", "。」", " \u00a0", "\n\n"),
    *("(a", "[S", "[S1]", "[S1] [S2] ", "(laughs)"),
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_split_takes_time_in_proportion_to_the_text(hostile: str) -> None:
    def split(num_chars: int) -> None:
        split_text("x " + hostile * (num_chars // len(hostile)) + " x", 300, 10.0)

    assert takes_less(split, 8000, 1000, 30)  # 8 if linear, 64 if quadratic


@pytest.mark.parametrize(
    ("text", "at_least_s", "at_most_s"),
    [
        (PROSE, 20, 28),  # 62 words: 150 to 180 a minute
        ("我今天早上去了图书馆借了三本书", 2.5, 4.5),
        ("わたしはきのうともだちとえいがをみました", 2.0, 4.0),
        ("나는 어제 친구와 함께 영화를 보았습니다", 2.5, 5.0),
        ("मैं कल अपने दोस्त के साथ बाज़ार गया था", 2.0, 4.5),
        ("ذهبت أمس مع صديقي إلى السوق القديم", 1.8, 4.5),
        ("1998", 0.8, 1.6),
        ("[S1]", 0, 0),
        ("", 0, 0),
    ],
)
def test_estimate_is_an_ordinary_pace(text: str, at_least_s: float, at_most_s: float) -> None:
    assert at_least_s <= estimate_duration_s(text) <= at_most_s


@settings(deadline=None)
@given(TEXTS)
def test_estimate_ignores_extra_white_space(text: str) -> None:
    assert estimate_duration_s(f"\n {text}\t") == estimate_duration_s(" ".join(text.split()))
