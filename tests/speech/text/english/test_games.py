from __future__ import annotations

import pytest

from speech.text.english.normalization import normalize

WRITTEN = [
    ("Quest (3/5) done, half (1/2), Fri (5/9)", "Quest (three out of five) done, half (one half), "
     "Friday (May ninth)"),
    ("Sugar (1/2), milk (3/4), thread (1/3)", "Sugar (one half), milk (three quarters), thread "
     "(one out of three)"),
    ("3-1 (Ødegaard 67')", "three to one (Ødegaard sixty seven minutes)"),
    ("HP 23/50, MP: 7/30", "aitch pee twenty three out of fifty, em pee: seven out of thirty"),
    ("5/5 gems, a 4/4 beat", "five out of five gems, a four four beat"),
    ("on 7/7, a 50/50 split", "on seven seven, a fifty fifty split"),
    ("step 2/5 of it", "step two out of five of it"),
    ("2d6+3 and a d20", "two dee six plus three and a dee twenty"),
    ("S02E05, a Potion x3", "Season two Episode five, a Potion times three"),
    ("and x3 Health, the x86", "and times three Health, the ex eighty six"),
    ("won 6-4 7-6(5) 6-2", "won six to four, seven to six (five), six to two"),
    ("in the 90+4 min", "in the ninety plus four minutes"),
    ("Turn 5/12, Rated 4/5, 4-6 | then",
     "Turn five out of twelve, Rated four out of five, four to six, then"),
    ("Ada d. Bo 6–2, 7–6(4) 6–3", "Ada defeated Bo six to two, seven to six (four), six to three"),
    ("Messi (23', 90+2'); the wall (36') is",
     "Messi (twenty three minutes, ninety plus two minutes); the wall (thirty six feet) is"),
    ("a 3-pt. shot, Ave. speed: 4, on 5th Ave. near",
     "a three-point shot, Average speed: four, on fifth Avenue near"),
    ("2-1: Fernandes 23', 67' (pen); Saka 81'.", "two to one: Fernandes twenty three minutes, "
     "sixty seven minutes (pen); Saka eighty one minutes."),
]  # fmt: skip


@pytest.mark.parametrize(("written", "said"), WRITTEN)
def test_points_dice_and_episodes_are_said(written: str, said: str) -> None:
    assert normalize(written) == said
