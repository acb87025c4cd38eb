"""What is drawn is what the server writes out."""

import re
from random import Random

import pytest

from speech.text.english.normalization import normalize
from training.figures import Figures

NAMES = sorted(Figures(Random(0)).rules)


@pytest.mark.parametrize("name", NAMES)
def test_figures_are_written_out_in_words(name):
    draw = Figures(Random(1)).rules[name]
    for _ in range(100):
        drawn = draw()
        assert re.fullmatch(r"[A-Za-z ,.'-]+", normalize(f"It is {drawn} now.")), drawn


def test_equal_seeds_draw_equal_figures():
    for name in NAMES:
        one, other = (Figures(Random(3)).rules[name] for _ in range(2))
        assert [one() for _ in range(5)] == [other() for _ in range(5)]
