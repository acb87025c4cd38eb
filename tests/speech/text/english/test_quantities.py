from __future__ import annotations

import pytest

from speech.text.english.normalization import normalize

WRITTEN = [
    ("5-10k, 10k–15k, 900k–1.2M, 2-3B people", "five to ten thousand, ten to fifteen thousand, "
     "nine hundred thousand to one point two million, two to three billion people"),
    ("½–¾ cup", "one half to three quarters cup"),
    ("value was <.001, >.5", "value was less than zero point zero zero one, more than zero point "
     "five"),
    ("8/10, 10/10 and 87/100", "eight out of ten, ten out of ten and eighty seven out of "
     "one hundred"),
    ("3/10 of a mile, 7/8, 6/8 time", "three tenths of a mile, seven eighths, six eight time"),
    ("4/5 stars, 15/20 points", "four out of five stars, fifteen out of twenty points"),
    ("a 60/40 split, 50-50, 24-7", "a sixty forty split, fifty fifty, twenty four seven"),
    ("odds of 7/2, 1.2–3.4, 40-60", "odds of seven to two, one point two to three point four, "
     "forty to sixty"),
    ("747s, two 2s, 25 bps", "seven hundred and forty sevens, two twos, twenty five basis points"),
    ("the 49ers and 76ers", "the forty niners and seventy sixers"),
    ("100s of people, 25 000 jobs", "hundreds of people, twenty five thousand jobs"),
    ("7.5/10, 4.5/5", "seven point five out of ten, four point five out of five"),
    ("1/250 s, 1/125th, 2/3rds",
     "one two hundred and fiftieth of a second, one one hundred and twenty fifth, two "
     "thirds"),
    ("40.7128,-74.0060, 1080@60Hz",
     "forty point seven one two eight, minus seventy four point zero zero six zero, one "
     "thousand and eighty at sixty hertz"),
    ("0/10 wolf pelts, +$3", "zero out of ten wolf pelts, plus three dollars"),
    ("voted 52-48, split 60-40, +/- 3",
     "voted fifty two to forty eight, split sixty forty, plus or minus three"),
    ("2/3s of", "two thirds of"),
    ("between 2020-2023, between 5-10 km",
     "between twenty twenty and twenty twenty three, between five and ten kilometers"),
    ("between 555-1234 and", "between five five five, one two three four and"),
    ('1–1/2 cups, 3×, the "4x6" one', 'one and a half cups, three times, the "four by six" one'),
    ("1.1m Americans, 1.5m Apart, 50:50",
     "one point one million Americans, one point five meters Apart, fifty fifty"),
    ("2¼%, 1/2%, 60%:40%, the 99.9th",
     "two and a quarter percent, one half percent, sixty percent to forty percent, the "
     "ninety nine point ninth"),
    ("100s, 1000s, the 1000s, 1.76T params",
     "hundreds, thousands, the one thousands, one point seven six trillion params"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "said"), WRITTEN)
def test_numbers_are_said_as_a_reader_says_them(written: str, said: str) -> None:
    assert normalize(written) == said
