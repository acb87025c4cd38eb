"""Texts for the teacher; needs its sources (Debian's wordnet-base, fortunes, miscfiles)."""

import re
from itertools import islice

import pytest

from speech.text.english.normalization import normalize

pytest.importorskip("wordfreq", reason="training/requirements.txt is not installed")

from training import prompts
from training.prompts_held_out import SENTENCES, TEXTS
from training.proper_names import CITIES

if not (prompts.WORDNET.exists() and prompts.FORTUNES.exists() and CITIES.exists()):
    pytest.skip("the sources of texts are not installed", allow_module_level=True)

pytestmark = pytest.mark.slow  # reading the sources takes seconds

NUM_TEXTS = 1500


@pytest.fixture(scope="module")
def texts():
    return list(islice(prompts.Prompts(5), NUM_TEXTS))


def test_most_figures_are_in_words(texts):
    untagged = [re.sub(r"^\[S\d\] ", "", text) for text in texts]
    with_figures = sum(bool(re.search(r"\d", text)) for text in untagged)
    in_words = sum(bool(re.search(r"\b(hundred|thousand|twenty|thirty)\b", t)) for t in untagged)
    assert 0 < with_figures < 0.1 * NUM_TEXTS
    assert in_words > 0.08 * NUM_TEXTS


def test_what_is_held_out_is_never_drawn(texts, monkeypatch):
    held_out = {prompts.key(normalize(text)) for text in (*SENTENCES, *(t for _, t in TEXTS))}
    assert not held_out & {prompts.key(normalize(text)) for text in texts}
    monkeypatch.setattr(prompts, "SENTENCES", [texts[0]])
    again = list(islice(prompts.Prompts(5), 20))
    assert again[0] != texts[0]


def test_names_are_of_people_and_places(texts):
    assert sum(len(re.findall(r"(?<=[a-z] )[A-Z][a-z]+", text)) for text in texts) > 300
