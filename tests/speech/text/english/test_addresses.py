from __future__ import annotations

import pytest

from speech.text.english.normalization import normalize

WRITTEN = [
    ("See youtu.be/watch, be it so.", "See youtu dot be slash watch, be it so."),
    ("Acme Inc. | 12 Elm St", "Acme Incorporated, twelve Elm Street"),
    ("1-800-FLOWERS, 1-888-CPA-HELP", "one, eight hundred, flowers, one, eight eight eight, "
     "see pee ay help"),
    ("Tel. +49 (0)30 901820", "Telephone plus four nine, zero, three zero, "
     "nine zero one eight two zero"),
    ("+81-3-1234-5678", "plus eight one, three, one two three four, five six seven eight"),
    ("(212) 555-0147 x12", "two one two, five five five, zero one four seven, "
     "extension one two"),
    ("(212)-555-0147", "two one two, five five five, zero one four seven"),
    ("She called 911; a 999 call", "She called nine one one; a nine nine nine call"),
    ("localhost:3000, A.JPG", "localhost colon three zero zero zero, A dot jay pee jee"),
    ("www.bbc.co.uk", "double-you double-you double-you dot bee bee see dot co dot you kay"),
    ("a 10-3-1 record", "a ten, three, one record"),
    ("./run.sh, ../main.py, ./a/b.sh",
     "dot slash run dot ess aitch, dot dot slash main dot pee why, dot slash a slash b dot"
     " ess aitch"),
    ("main.c, .env, *.csv, ~/.bashrc, a.tar.gz",
     "main dot see, dot ee en vee, star dot see ess vee, home slash dot bashrc, a dot tar "
     "dot jee zee"),
    ("10.0.0.0/8, example.com:8080",
     "one zero dot zero dot zero dot zero slash eight, example dot com colon eight zero "
     "eight zero"),
    ("doi:10.1000/xyz-7.", "dee oh eye ten dot one zero zero zero slash xyz dash seven."),
    ("localhost:80/api, ssh root@10.0.0.5", "localhost colon eight zero slash api, "
     "ess ess aitch root at one zero dot zero dot zero dot five"),
    ("Phone: 555 0123", "Phone: five five five, zero one two three"),
    ("shot 68-70-72-66", "shot sixty eight, seventy, seventy two, sixty six"),
    ("call 98765 43210", "call nine eight seven six five, four three two one zero"),
    ("bit.ly/3xYz, example.nl, I like it.see",
     "bit dot ly slash three xYz, example dot en ell, I like it.see"),
    ("IMG_20240305.jpg, salt+pepper",
     "eye em jee two zero two four zero three zero five dot jay pee jee, salt plus pepper"),
    ("Press 2, or # to repeat", "Press two, or pound to repeat"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "said"), WRITTEN)
def test_numbers_to_call_are_read_digit_by_digit(written: str, said: str) -> None:
    assert normalize(written) == said
