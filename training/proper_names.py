"""Names of people and places: Debian's miscfiles (first names, cities, countries) and WordNet.

The names are ordered by how common their rarest word is; common ones are drawn more often.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

import wordfreq

FIRST_NAMES = Path("/usr/share/dict/propernames.gz")
CITIES = Path("/usr/share/misc/cities.dat.gz")
COUNTRIES = Path("/usr/share/misc/countries.gz")
NOUNS = Path("/usr/share/wordnet/data.noun")
NUM_NAMES = 3000  # of each kind: rarer ones are mostly misread by the teacher

_PERSON, _LOCATION = "18", "15"
"""WordNet's files of people and of places."""
_INSTANCE = " @i "  # points from one particular person or place to its kind
_NAME = re.compile(r"[A-Z][a-z]+(?: (?:of |the |de |du )?[A-Z][a-z]+)*")
_SKEW = 1.7  # as words are drawn


class ProperNames:
    """Draws names with `random`."""

    def __init__(self, random: Random) -> None:
        self._random = random
        people = [name for name in _instances(_PERSON) if 2 <= len(name.split()) <= 3]
        self._people = _ordered(people)
        self._first = _ordered(_lines(FIRST_NAMES))
        self._last = _ordered(name.split()[-1] for name in people)
        cities = (
            line.split(":", 1)[1].strip() for line in _lines(CITIES) if line.startswith("Name")
        )
        fields = (line.split(":") for line in _lines(COUNTRIES) if not line.startswith("#"))
        self._places = _ordered([*cities, *(f[3] for f in fields), *_instances(_LOCATION)])

    def first(self) -> str:
        """Return a first name."""
        return self._drawn(self._first)

    def last(self) -> str:
        """Return a family name."""
        return self._drawn(self._last)

    def full(self) -> str:
        """Return a first name with a family name, a known person's half the time."""
        if self._random.random() < 0.5:
            return self._drawn(self._people)
        return f"{self.first()} {self.last()}"

    def place(self) -> str:
        """Return a city, a country, a river or the like."""
        return self._drawn(self._places)

    def _drawn(self, names: list[str]) -> str:
        return names[int(len(names) * self._random.random() ** _SKEW)]


def _ordered(names: Iterable[str]) -> list[str]:
    """Return the most common of `names`, those first."""

    def rarity(name: str) -> float:
        frequencies: list[float] = [wordfreq.zipf_frequency(word, "en") for word in name.split()]
        return -min(frequencies)

    plain = {name for name in names if _NAME.fullmatch(name)}
    return sorted(sorted(plain), key=rarity)[:NUM_NAMES]


def _lines(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8", errors="replace") as file:
        yield from (line.strip() for line in file)


def _instances(lexicographer_file: str) -> list[str]:
    """Return the names that WordNet has in one of its files."""
    names = []
    for line in NOUNS.read_text(errors="replace").splitlines():
        synset = line.partition("|")[0]
        fields = synset.split()
        if line.startswith("  ") or fields[1] != lexicographer_file or _INSTANCE not in synset:
            continue
        words = fields[4 : 4 + 2 * int(fields[3], 16) : 2]
        names += [word.replace("_", " ") for word in words]
    return names
