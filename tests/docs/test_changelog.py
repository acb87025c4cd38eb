"""The changelog is newest first, and every line stands under one of the known headings."""

import re
from pathlib import Path

from deployments.version import VERSION

TEXT = (Path(__file__).parents[2] / "CHANGELOG.md").read_text()
HEADINGS = {"Added", "Changed", "Removed", "Fixed"}
VERSIONS = re.findall(r"^## (\S+)", TEXT, re.M)


def test_versions_are_newest_first_and_the_current_one_is_there():
    assert VERSIONS[0].rstrip(",") == "Unreleased"
    released = [version.rstrip(",") for version in VERSIONS[1:]]
    assert released[0] == VERSION
    numbers = [tuple(map(int, version.split("."))) for version in released]
    assert numbers == sorted(numbers, reverse=True)


def test_every_release_has_a_date():
    assert len(re.findall(r"^## \d+\.\d+\.\d+, \d{4}-\d\d-\d\d$", TEXT, re.M)) == len(VERSIONS) - 1


def test_every_line_stands_under_a_known_heading():
    for release in re.split(r"^## .*$", TEXT, flags=re.M)[1:]:
        before, *sections = re.split(r"^### (.*)$", release, flags=re.M)
        assert not before.strip()
        titles = sections[::2]
        assert set(titles) <= HEADINGS
        assert len(titles) == len(set(titles))


def test_nothing_is_said_twice():
    lines = re.findall(r"^- .*$", TEXT, re.M)
    assert sorted(lines) == sorted(set(lines))
