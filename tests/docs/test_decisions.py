"""Decisions are numbered once, and their pages say the number they have."""

import re

from docs.tables import DOCS

PAGES = sorted((DOCS / "decisions").glob("[0-9]*.md"))


def test_numbers_are_given_once():
    numbers = [page.name[:4] for page in PAGES]
    assert len(numbers) == len(set(numbers))


def test_heading_has_the_number_of_the_file():
    for page in PAGES:
        heading = page.read_text().partition("\n")[0]
        assert re.fullmatch(rf"# {int(page.name[:4])}\. .+", heading), page.name
