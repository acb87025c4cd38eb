"""What is said of a Markdown document."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve_app.book.chapters import read_chapters
from serve_app.book.markdown import plain_text

DOCUMENT = """\
---
title: Not said
---
The Book
========

It was a *bright* **cold** day, see [the map](https://example.com "x"),
and `wc` counted. ![a map](map.png)<br>

- Hats
- Coats

> Quoted.

```python
not_said()
```

## Two ##
End.
"""


def test_what_is_said_stays_and_what_is_not_goes():
    assert plain_text(DOCUMENT).split("\n\n") == [
        "# The Book",
        "It was a bright cold day, see the map,\nand wc counted.",
        *("- Hats", "- Coats", "Quoted.", "## Two", "End."),
    ]
    assert [chapter.title for chapter in read_chapters(plain_text(DOCUMENT))] == ["The Book", "Two"]


@pytest.mark.parametrize(
    ("markdown", "said"),
    [
        ("1986. A year.\n\n- Hats\n- Coats", ["1986. A year.", "- Hats", "- Coats"]),
        ("3) Wash\n4) Dry", ["3) Wash", "4) Dry"]),
        ('So <break time="1s"/> it.', ['So <break time="1s"/> it.']),
        ("One\n\n<break time='2s'/>\n\nTwo", ["One", "<break time='2s'/>", "Two"]),
        ("So[^1] it.\n\n[^1]: https://example.com", ["So it."]),
        ("So[<sup>12</sup>](#n) it<sup>[3](#m)</sup> is.", ["So it is."]),
        ("10 m<sup>2</sup>, [x<sup>2</sup> of the squares](#s)", ["10 m2, x2 of the squares"]),
    ],
)
def test_numbers_and_pauses_are_kept_and_references_to_notes_are_not(markdown, said):
    assert plain_text(markdown).split("\n\n") == said


@given(st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), min_size=1))
def test_words_stay_in_order(words):
    assert plain_text("\n".join(words)).split() == words
