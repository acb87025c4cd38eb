import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.echo.model.tokenizer import normalize, tokenize
from speech.errors import InvalidRequest
from speech.text.typography import clean
from tests.engine.echo.reference import inference, tokens_and_mask

NASTY = [
    "Plain words.",
    "",
    " ",
    "[S2] Tagged already",
    "(whispering) an aside",
    " [S1] a space first",
    "It mentions S1 inside",
    "and S2: here; too\u2014yes",
    "curly \u201cquotes\u201d and it\u2019s\u2026",
    "line\nbreak\r\nand\ttab",
    "emoji \U0001f600 and e\u0301 and \u65e5\u672c\u8a9e",
    "\x00\x01\x7f control",
    "a" * 762,
    "\u65e5" * 254,
]


@pytest.mark.parametrize("text", NASTY)
def test_tokenize_equals_reference(text):
    tokens, mask = tokens_and_mask(text)
    assert tokenize(text) == tokens[0, : mask.sum()].tolist()


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=900))
def test_normalize_equals_reference_on_any_text(text):
    _, theirs = inference.tokenizer_encode(text, return_normalized_text=True)
    assert normalize(text) == theirs


@pytest.mark.parametrize("text", ["a" * 763, "\u65e5" * 255])
def test_tokenize_refuses_what_the_model_would_not_read_to_the_end(text):
    with pytest.raises(InvalidRequest, match=r"too long for one pass: \d+ bytes \(max 768\)"):
        tokenize(text)


def test_tokenize_speaks_a_lone_surrogate_as_question_mark():
    assert tokenize("[a\ud800b]") == [0, *b"[a?b]"]


ORDINARY = [
    *NASTY[:10],
    "Dr. Smith paid $5.50 (about £4) at 7:30 p.m.; 20 % off — really!",
    "Ça va ? «Oui», naïve façade, Ærø, Straße, łódź, Đặng, Ελλάδα, Привет, мир!",
    "日本語、中文。한국어 नमस्ते ภาษาไทย שלום مرحبا 👩\u200d👩\u200d👧 می\u200cخواهم",
    "non\u00a0breaking, thin\u2009space, \u201cquotes\u201d, \u2018single\u2019, dash\u2013\u2026",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_cleaning_leaves_the_reference_its_tokens(text):
    assert tokens_and_mask(clean(text))[0].tolist() == tokens_and_mask(text)[0].tolist()


@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc", "Cf"]), max_size=700))
def test_cleaning_leaves_the_reference_any_latin_text(text):
    encode = inference.tokenizer_encode
    assert encode(clean(text)).tolist() == encode(text).tolist()


def test_plain_punctuation_is_read_as_if_typed():
    typed = tokenize('"Hello," she said, "it\'s fine."')
    assert tokenize("“Hello,” she said – “it’s fine.”", plain_punctuation=True) == typed
