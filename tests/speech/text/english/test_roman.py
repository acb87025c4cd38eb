from __future__ import annotations

import pytest

from speech.text.english.normalization import normalize

WRITTEN = [
    ("CHAPTER I. Go", "CHAPTER one. Go"),
    ("CHAPTER V HOW, CHAPTER I DOWN", "CHAPTER five HOW, CHAPTER one DOWN"),
    ("PART I LIKE, BOOK X", "PART I LIKE, BOOK ten"),
    ("Part I of it, WORLD WAR I", "Part one of it, WORLD WAR one"),
    ("the Book I told you of, the Class I took", "the Book I told you of, the Class I took"),
    ("Charles I was executed", "Charles the first was executed"),
    ("Mary I of England", "Mary the first of England"),
    ("As Henry I know, with Paul I was", "As Henry I know, with Paul I was"),
    ("XIV.\nText\nII", "fourteen.\nText\ntwo"),
    ("CIVIL\nIC\nLL\nVV\nI", "CIVIL\neye see\nell ell\nvee vee\nI"),
    ("(ii) second (iv) last", "(two) second (four) last"),
    ("pp. ix–xii, page vi, Mk. II", "pages nine to twelve, page six, Mark two"),
    ("VOL. II, NO. 3, Lvl 12", "volume two, number three, Level twelve"),
    ("Grade C, Part C, Grade C-", "Grade see, Part see, Grade see minus"),
    ("(i) this and (ii) that", "(one) this and (two) that"),
    ("John D. Gates III, GTA V", "John dee Gates the third, jee tee ay five"),
    ("WWI & WWII, Ramesses II", "World War one and World War two, Ramesses the second"),
    ("J. P. Morgan III", "jay pee Morgan the third"),
    ("Vol. I, Chap. V. No. I, for one.", "Volume one, Chapter five. No. I, for one."),
    ("Act I. Scene II.", "Act one. Scene two."),
    ("I. One. II. Two. VIII. Eight, the XI", "one. One. two. Two. eight. Eight, the eleven"),
    ("parts I, III, V, and X; Types I and II; II–IV",
     "parts one, three, five, and ten; Types one and two; two to four"),
    ("He, you, and I. X, Y, and I. i. am", "He, you, and I. ex, why, and eye. i. am"),
    ("i. Open\nii. Close", "one. Open\ntwo. Close"),
    ("Type IC engine, Part CIVIC", "Type eye see engine, Part CIVIC"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "said"), WRITTEN)
def test_numerals_are_numbers(written: str, said: str) -> None:
    assert normalize(written) == said
