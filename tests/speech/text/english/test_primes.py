from __future__ import annotations

import pytest

from speech.text.english.normalization import normalize

WRITTEN = [
    ("40° 26′ 46″ N", "forty degrees twenty six minutes forty six seconds north"),
    ("40°26'N, 1° W", "forty degrees twenty six minutes north, one degree west"),
    ("N 40° 42.768'", "forty degrees forty two point seven six eight minutes north"),
    ('an 8" x 10" photo', "an eight by ten inch photo"),
    ("9” wide, a 55″ TV", "nine inches wide, a fifty five inch tee vee"),
    ('a 1/4" bolt, 13½"', "a one quarter inch bolt, thirteen and a half inches"),
    ("I'm 5'11 and she's 5'4\".", "I'm five foot eleven and she's five foot four."),
    ("a 10' x 12' room, 6′", "a ten by twelve foot room, six feet"),
    ("4'33\"", "four minutes thirty three seconds"),
    ('He said "I am 8" and "go 9".', 'He said "I am eight" and "go nine".'),
    ("cut to 6', not 'all 6'", "cut to six feet, not 'all six'"),
    ("90+3', 45' Goal!", "ninety plus three minutes, forty five minutes Goal!"),
    ('24"W x 36"H', "twenty four inches wide by thirty six inches high"),
    ("in the 90+2' minute", "in the ninety plus two minute"),
    (
        '12"x18", 5\'10"/178 cm',
        "twelve by eighteen inches, five foot ten, one hundred and seventy eight centimeters",
    ),
]


@pytest.mark.parametrize(("written", "said"), WRITTEN)
def test_primes_are_feet_inches_and_angles(written: str, said: str) -> None:
    assert normalize(written) == said
