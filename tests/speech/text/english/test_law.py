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
    ("3 item(s), 2 (two), box(es), http(s)", "three items, two (two), boxes, http(s)"),
    ("347 U.S. 483, 93 S. Ct. 705, 45 F. Supp. 2d 100", "three forty seven you ess four eighty "
     "three, ninety three Supreme Court seven oh five, forty five eff Supplement second one "
     "hundred"),
    ("123 F.3d 456 and 80 Fed. Reg. 1234", "one twenty three eff third four fifty six and eighty "
     "Federal Register twelve thirty four"),
    ("Fed. R. Civ. P. 12(b)(6)", "Federal Rule of Civil Procedure twelve bee six"),
    ("Pub. L. No. 111-148", "Public Law one eleven, one forty eight"),
    ("(EU) 2016/679, (EC) No 1049/2001, Directive 95/46/EC",
     "(ee you) twenty sixteen slash six seventy nine, (ee see) number ten forty nine slash two "
     "thousand and one, Directive ninety five slash forty six ee see"),
    ("R v Brown, Henry V was, Ali v Frazier", "ar versus Brown, Henry the fifth was, Ali versus "
     "Frazier"),
    ("under s. 12, subpara. (a), Exh. 12", "under section twelve, subparagraph ay, Exhibit twelve"),
    ("two 401(k)s", "two four oh one kays"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "said"), WRITTEN)
def test_sections_of_a_law_are_said(written: str, said: str) -> None:
    assert normalize(written) == said
