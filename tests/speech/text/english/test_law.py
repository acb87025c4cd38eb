from __future__ import annotations

import pytest

from speech.text.english.normalization import normalize

WRITTEN = [
    ("§ 12(3)(b), Art. 6(1)(f)", "section twelve three bee, Article six one eff"),
    ("a 401(k), a 501(c)(3)", "a four oh one kay, a five oh one see three"),
    ("subsection (2)(iv)", "subsection two four"),
    ("my 401k, two 401ks, a 501c3", "my four oh one kay, two four oh one kays, a five oh one "
     "see three"),
    ("401 km, $401k", "four hundred and one kilometers, four hundred and one thousand dollars"),
    ("3 item(s), 2 (two)", "three item(s), two (two)"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "said"), WRITTEN)
def test_sections_of_a_law_are_said(written: str, said: str) -> None:
    assert normalize(written) == said
