import json
import re
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from speech.errors import InvalidRequest
from speech.text.breaks import Break, rank_breaks
from speech.text.incremental import SentenceReader
from speech.text.layout import speaks
from speech.text.typography import clean
from tests.texts import PARAGRAPHS

LONGEST_WAIT_S = 10.0
PIECES = st.sampled_from(
    [
        *("Dr. ", "e.g. ", "3. ", "$3.50", "Hi", "hi", "... ", "…", ". ", "! ", "?” ", "“", "("),
        *(
            ")",
            "[S1] ",
            "[pause:1s]",
            "<break ",
            "/>",
            "\n",
            "\n\n",
            "- ",
            "# ",
            "| ",
            "**",
            "`",
            "世界",
            "。",
            "é",
            "e\u0301",
            "\u200b",
        ),
        *("😀", " "),
    ]
)


def read(fragments):
    """Return the sentences of a text that arrives in `fragments`."""
    reader = SentenceReader(LONGEST_WAIT_S)
    sentences = [sentence for fragment in fragments for sentence in reader.feed(fragment)]
    return [*sentences, *reader.flush()]


def texts(fragments):
    return [sentence.text.strip() for sentence in read(fragments)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Hello. Dr. Smith is in.", ["Hello.", "Dr. Smith is in."]),
        ("It costs $3.50. Buy 3. Or 4.", ["It costs $3.50.", "Buy 3.", "Or 4."]),
        ("3. Wash it, e.g. in water. Dry it.", ["3. Wash it, e.g. in water.", "Dry it."]),
        ("Well... no. “Stop!” she said. “Now.” He did.",
         ["Well... no.", "“Stop!” she said.", "“Now.”", "He did."]),
        ("No. 5 of the U.S. Army. No. Go.", ["No. 5 of the U.S. Army.", "No.", "Go."]),
        ("Art. III, Eq. (4), Apt. #4, Cat. 5, Mon. 3/4. He sat. 5 men",
         ["Art. III, Eq. (4), Apt. #4, Cat. 5, Mon. 3/4.", "He sat.", "5 men"]),
        ("Look (see p. 3. It is). Ok? Yes", ["Look (see p. 3. It is).", "Ok?", "Yes"]),
        ("He came (laughs. Oh no) back. Then", ["He came (laughs. Oh no) back.", "Then"]),
        ("[S1] Hi. [S2] And you [S1] too?", ["[S1] Hi.", "[S2] And you", "[S1] too?"]),
        ('So <break time="1.5s"/> it. Go', ['So <break time="1.5s"/> it.', "Go"]),
        ('So <BREAK time="1.5s"/> it. Go', ['So <BREAK time="1.5s"/> it.', "Go"]),
        ("你好。世界很大！再见", ["你好。", "世界很大！", "再见"]),
        ("See https://a.b/c.d?e=f or a.b.c.", ["See https://a.b/c.d?e=f or a.b.c."]),
        ("A title\n\nA text", ["A title", "A text"]),
        ("## 1. A title\nA text. Go", ["## 1. A title", "A text.", "Go"]),
        ("# What? Why!\n- One. Two", ["# What? Why!", "- One.", "Two"]),
        ("**1. A title**\nA text. Go", ["**1. A title**\nA text.", "Go"]),
        ("**Dr. Li** is *in.* `No. 5` it is. Go",
         ["**Dr. Li** is *in.*", "`No. 5` it is.", "Go"]),
        ("He said no. **5** of __us.__ Go", ["He said no. **5** of __us.__", "Go"]),
        ("| A. B | c |\n|---|---|\n| D. E | f |\n\nGo",
         ["| A. B | c |\n|---|---|\n| D. E | f |", "Go"]),
    ],
)  # fmt: skip
def test_sentence_ends_where_nothing_of_it_goes_on(text, sentences):
    assert texts([text]) == sentences


def test_sentence_is_complete_with_the_first_letter_after_it():
    reader = SentenceReader(LONGEST_WAIT_S)
    assert reader.feed("How are you? ") == []
    assert [sentence.text for sentence in reader.feed("F")] == ["How are you? "]
    assert reader.num_waiting == 1


def test_sentences_know_what_separates_them_across_a_flush():
    reader = SentenceReader(LONGEST_WAIT_S)
    ranks = [sentence.rank for sentence in reader.feed("One. Two.\n\nThree, ")]
    ranks += [sentence.rank for sentence in reader.flush()]
    ranks += [sentence.rank for sentence in [*reader.feed("then."), *reader.flush()]]
    ranks += [sentence.rank for sentence in [*reader.feed("Five."), *reader.flush()]]
    assert ranks == [
        Break.PARAGRAPH,
        Break.SENTENCE,
        Break.PARAGRAPH,
        Break.CLAUSE,
        Break.SENTENCE,
    ]


def test_long_text_without_an_end_is_cut_at_a_clause():
    clause = "a clause that takes a while to say, "
    first = texts([clause * 20])[0]
    assert first.endswith("to say,")
    assert 80 < len(first) < 220


@pytest.mark.parametrize("text", ["word " * 200, "a" * 900, "世界" * 200])
def test_long_text_without_any_mark_is_cut_all_the_same(text):
    sentences = texts([text])
    assert max(map(len, sentences)) < 330
    assert "".join(sentences).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    "unsaid", [" " * 200, "\n" * 200, "-" * 200 + "\n", "😀" * 200, "* " * 100]
)
@pytest.mark.parametrize("before", ["", "Hello.\n", "Hi,\n"])
def test_what_is_not_said_makes_no_word_late(before, unsaid):
    sentence = "Extraordinary people are here."
    spoken = " ".join(texts([before + unsaid + sentence]))
    assert re.findall(r"[\w.,]+", spoken) == f"{before}{sentence}".split()


@pytest.mark.parametrize("unit", ["$", "| ", "(", "[S1]", "a\u00a0", "a\u0301", "1."])
def test_text_without_a_break_is_not_looked_through_at_each_letter(unit, monkeypatch):
    looks = []

    def counted(text):
        looks.append(len(text))
        return rank_breaks(text)

    monkeypatch.setattr("speech.text.incremental.rank_breaks", counted)
    read(f"Hi {unit * 3000}")
    assert sum(looks) < 300 * 3000 * len(unit)


def test_wait_of_nothing_keeps_the_text_whole():
    reader = SentenceReader(0.0)
    assert reader.feed(PARAGRAPHS) == []
    assert [sentence.text for sentence in reader.flush()] == [PARAGRAPHS]


def test_halves_of_a_character_meet_across_fragments():
    halves = json.loads(r'["Fine \ud83d", "\ude00 day."]')
    assert texts(halves) == ["Fine 😀 day."]
    with pytest.raises(InvalidRequest):
        SentenceReader(LONGEST_WAIT_S).feed("a\ud83d b")


@settings(deadline=None)
@given(
    text=st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=80),
    cuts=st.lists(st.integers(0, 400), max_size=12),
)
@example(text=PARAGRAPHS, cuts=[3, 60, 61, 200])
def test_any_fragments_give_the_same_sentences_and_none_is_lost(text, cuts):
    ends = pairwise([0, *sorted(cuts), len(text)])
    fragments = [text[start:end] for start, end in ends]
    sentences = read([text])
    assert read(fragments) == sentences
    assert read(text) == sentences
    spoken = "".join(sentence.text for sentence in sentences)
    lost = "".join(clean(text).split()).removeprefix("".join(spoken.split()))
    assert not speaks(lost)
