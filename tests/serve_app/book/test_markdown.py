"""What is said of a Markdown document."""

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


@given(st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), min_size=1))
def test_words_stay_in_order(words):
    assert plain_text("\n".join(words)).split() == words
