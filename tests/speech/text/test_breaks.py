from __future__ import annotations

from itertools import pairwise

import pytest

from speech.text.breaks import Break, mark_spaces, rank_breaks


def cut(text: str, at_least: Break) -> list[str]:
    """Cut at every place of this rank or a better one."""
    text = mark_spaces(text)
    ranks = rank_breaks(text)
    cuts = [0, *(i for i in range(1, len(text)) if ranks[i] >= at_least), len(text)]
    return [text[start:end].strip() for start, end in pairwise(cuts)]


@pytest.mark.parametrize(
    "sentences",
    [
        ["It rains.", "It pours!", "Does it?", "Yes."],
        ["Sault Ste. Marie is far.", "All went."],
        ["Drs. Lee and Wu, feat. Msgr. Li, read vv. 4-5.", "All went."],
        ["See Vol. III, Ch. IX, Ps. 23, Op. 5, ext. 12.", "EXT. BEACH.", "The Rt. Hon. Li left."],
        ["It was a long op.", "It was late.", "Cllr. Reed lives nr. Didcot.", "It fell."],
        ["Dr. Smith met Mrs. Jones vs. Prof. Lee.", "All went."],
        ["Take fruit, e.g. Apples, i.e. Pommes.", "Then rest."],
        ["The U.S. Army left.", "J. R. R. Tolkien wrote it."],
        ["It costs 3.14 or 1,000.50 at 10:30 a.m. sharp.", "Next."],
        ["The total is 3.14.", "Next."],
        ["See https://example.com/a.b?c=d!e or mail joe.b@example.com.", "Then call."],
        ["Wait... what is it... now.", "Go on..."],
        ["And then...", "He left."],
        ["He said no.", "Then he saw No. 5 on Jan. 7.", "It was Mar.", "Spring came."],
        ["Apples, pears, etc. are fruit.", "We like fruit etc.", "They do not."],
        ['"Stop!" she cried.', '"Why?"', "He ran.", "(Fast.)"],
        ["„Hallo.“", "»Ja.«", "“Oui.”", "Gut."],
        ["(He came.)", "[She left.]", "Done."],
        ["Am 3. Oktober kam der 2. Zug.", "Er ist 5.", "Im 19. Jahrhundert war das so."],
        ["I am 3.", "Oh no."],
        ["El Sr. García vino.", "Él es el dott. Rossi.", "Ken Griffey Sr.", "He left."],
        ["Живёт на ул. Ленина, у проф. Иванова.", "Да."],
        ["Bonjour !", "Ça va ?", "« Oui. »", "Bien."],
        ["Great! 🎉", "Next one."],
        ["1. First things.", "2. Second things.", "He was 42.", "Then 43."],
        ["a lower case text.", "it has no capitals?", "none."],
        ["[S1] Hi there.", "[S2] Hello.", "(laughs) You too."],
        ["今天很好。", "你呢？", "“真的吗？”", "是3.14。", "好！！", "走。"],
        ["وصل القطار؟", "نعم وصل۔", "حسنا."],
        ["वह आया।", "वह गया॥", "ठीक है।"],
    ],
)
def test_breaks_are_sentences(sentences: list[str]) -> None:
    assert cut(" ".join(sentences), Break.SENTENCE) == sentences


@pytest.mark.parametrize(
    "joined", ["今天很好。你呢？“真的吗？”他问。", "はい。そうです！「ええ。」次。"]
)
def test_breaks_need_no_space_behind_wide_marks(joined: str) -> None:
    assert len(cut(joined, Break.SENTENCE)) == 4


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("One, two; three: four — five", ["One,", "two;", "three:", "four —", "five"]),
        ("It came—late—but it came", ["It came—", "late—", "but it came"]),
        ("一，二；三", ["一，", "二；", "三"]),
        ("３．１４と１，０００", ["３．１４と１，０００"]),
        ("a line\nand the next", ["a line", "and the next"]),
        ("- one item\n- two items", ["- one item", "- two items"]),
    ],
)
def test_breaks_are_clauses(text: str, clauses: list[str]) -> None:
    assert cut(text, Break.CLAUSE) == clauses


def test_breaks_between_paragraphs_need_no_full_stop() -> None:
    text = "A title\n\nThe first line\nof the text.\r\n\r\n— Speech.\u2029End"
    assert cut(text, Break.PARAGRAPH) == [
        "A title",
        "The first line\nof the text.",
        "— Speech.",
        "End",
    ]


@pytest.mark.parametrize(
    "glued", ["10\u00a0km", "5\u202f%", "word )", "« word", "so . . .", "[S2] hi"]
)
def test_breaks_leave_together_what_belongs_together(glued: str) -> None:
    assert cut(f"first {glued} last", Break.LETTER + 1)[1:-1] in ([glued], [mark_spaces(glued)])


@pytest.mark.parametrize(
    "character",
    [
        "👨‍👩‍👧‍👦",  # joined by ZWJ
        "👍🏽",  # skin tone
        "🇫🇷",  # two regional indicators
        "1️⃣",  # keycap
        "e\u0301\u0323",  # combining marks
        "क्षि",  # conjunct and vowel sign
        "ที่",  # Thai vowel and tone
        "เ" + "ก",  # Thai vowel written before its consonant
        "\u1100\u1161\u11a8",  # Hangul jamo
        "きゃ",  # small kana
        "\ud83d\ude00",  # a surrogate pair that JSON smuggled in
        "(clears throat)",
        "[S2]",
    ],
)
def test_breaks_never_cut_one_character(character: str) -> None:
    ranks = rank_breaks(f"字{character}字")
    assert set(ranks[2 : 1 + len(character)]) == {Break.CLUSTER}
    assert ranks[1] != Break.CLUSTER
    assert ranks[1 + len(character)] != Break.CLUSTER


def test_breaks_pair_flags_from_the_left() -> None:
    assert cut("🇫🇷🇩🇪🇮🇹", Break.GLUED) == ["🇫🇷", "🇩🇪", "🇮🇹"]


def test_breaks_prefer_spaces_where_words_are_written_together() -> None:
    assert cut("ไทย ลาว", Break.WORD) == ["ไทย", "ลาว"]
    assert cut("ကမ္ဘာ\u200bမြေ", Break.WORD) == ["ကမ္ဘာ\u200b", "မြေ"]
    assert cut("我用Python写", Break.SYLLABLE) == ["我", "用", "Python", "写"]


def test_breaks_keep_an_accent_on_its_full_stop() -> None:
    assert cut("好。\u0301好", Break.SENTENCE) == ["好。\u0301好"]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Rates stay at five point two percent", ["Rates ", "stay ", "at five point two percent"]),
        ("one hundred and twelve, seven", ["one hundred and twelve, ", "seven"]),
        ("an eff bee eye agent", ["an eff bee eye ", "agent"]),
        ("They sold the house to Mister Lee", ["They sold ", "the house ", "to Mister Lee"]),
    ],
)
def test_words_that_are_said_in_one_breath_are_cut_last(text: str, parts: list[str]) -> None:
    ranks = rank_breaks(text)
    cuts = [0, *(i for i in range(1, len(text)) if ranks[i] >= Break.WORD), len(text)]
    assert [text[start:end] for start, end in pairwise(cuts)] == parts


def test_a_list_number_in_words_is_no_sentence() -> None:
    text = "one. First things.\ntwo. Second things.\ntwenty two. The last."
    assert cut(text, Break.SENTENCE) == text.split("\n")


def test_a_figure_in_words_begins_a_sentence_as_figures_do() -> None:
    assert cut("He left. two men came.", Break.SENTENCE) == ["He left.", "two men came."]
    assert cut("“Who?” one of them asked. So.", Break.SENTENCE)[0] == "“Who?” one of them asked."


def test_an_abbreviation_is_one_before_a_figure_in_words_and_at_a_line_end() -> None:
    text = "See fig. two, vol. three and p. ten of Acme Inc.\nand its heirs, etc.\nand go on."
    assert cut(text, Break.SENTENCE) == [text]


def test_a_sentence_that_a_line_ends_with_is_over() -> None:
    assert cut("Copy it.\ndon't look.\nIt is done.", Break.SENTENCE) == [
        "Copy it.",
        "don't look.",
        "It is done.",
    ]
