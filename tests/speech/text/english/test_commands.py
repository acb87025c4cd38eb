from __future__ import annotations

import pytest

from speech.text.english.normalization import normalize

WRITTEN = [
    ("Use the --flag option, -v or --no-cache.",
     "Use the dash dash flag option, dash vee or dash dash no cache."),
    ("Run git commit --amend -m now.", "Run git commit dash dash amend dash em now."),
    ('rm -rf build, ls -la, pass "--quiet"',
     'ar em dash ar eff build, ell ess dash ell ay, pass "dash dash quiet"'),
    ("Set $HOME and $JAVA_HOME, ${USER} or $name.",
     "Set dollar HOME and dollar JAVA HOME, dollar USER or dollar name."),
    (r"Open C:\Program Files\Steam and D:\x now.",
     "Open see colon backslash Program Files backslash Steam and dee colon backslash x now."),
    ("train.py --batch-size 32 --lr 0.1",
     "train dot pee why dash dash batch size thirty two dash dash ell ar zero point one"),
]  # fmt: skip
PROSE = [
    "He came --tired and wet-- to the door.",
    "We left --and so did they.",
    "-- Mark Twain",
    "One -or so we thought- is enough.",
    "revenue and debt in $bn",
    '"--never!" she cried. "-I was there." “--Never,” he said.',
    "f(-x) is even",
    "so -x and -y are roots",
]


@pytest.mark.parametrize(("written", "said"), WRITTEN)
def test_flags_and_variables_are_said(written: str, said: str) -> None:
    assert normalize(written) == said


@pytest.mark.parametrize("text", PROSE)
def test_dashes_and_dollars_of_prose_stay(text: str) -> None:
    assert normalize(text) == text
