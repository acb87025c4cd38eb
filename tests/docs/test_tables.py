"""The tables of docs/ that the code defines are as `scripts/docs` writes them."""

import pytest

from docs.tables import DOCS, PAGES, TABLES, with_current_tables


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_page_has_current_tables(page):
    text = page.read_text()
    assert text == with_current_tables(text), "run scripts/docs"


@pytest.mark.parametrize("name", TABLES)
def test_every_table_stands_in_one_page(name):
    assert sum(page.read_text().count(f"<!-- table: {name} -->\n") for page in PAGES) == 1


def test_table_replaces_what_stood_between_its_marks():
    marks = "<!-- table: presets -->\n{}<!-- end of table -->\n"
    assert with_current_tables(marks.format("stale\n")) == with_current_tables(marks.format(""))
    assert "`Independent-High-CFG`" in with_current_tables(marks.format(""))


def test_unknown_table_is_an_error():
    with pytest.raises(KeyError):
        with_current_tables("<!-- table: nonsense -->\n<!-- end of table -->\n")
