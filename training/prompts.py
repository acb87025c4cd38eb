"""Prompts for the teacher: sentences, phrases, numbers and words from permissive sources.

Sources: WordNet's glosses and examples (Debian's wordnet-base), Debian's fortunes, the frequency
list of the wordfreq package, `proper_names` and `templates`. Prompts are not shipped. Most are
written out in words, as the server writes them before the model reads them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import wordfreq

from speech.text.english.normalization import normalize
from training.figures import Figures
from training.prompts_held_out import SENTENCES, TEXTS
from training.proper_names import ProperNames
from training.templates import FIGURES, LISTS, NAMES, PATTERNS, SPELLED

WORDNET = Path("/usr/share/wordnet")
FORTUNES = Path("/usr/share/games/fortunes")
FORTUNE_FILES = (
    "fortunes cookie people science wisdom work food love literature men-women kids pets sports "
    "travel education"
)
NUM_WORDS = 20_000
MAX_WORDS = 16

_WRITTEN_OUT = 0.85
"""Part of the texts whose figures and abbreviations are written out: by default all are."""
_PLAIN = re.compile(r"[A-Za-z0-9 ,.?!'\"();:$%&-]+")
_TAG = ("[S1] ", "[S2] ")


class Prompts:
    """An endless, seeded supply of texts."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        words: list[str] = wordfreq.top_n_list("en", NUM_WORDS)
        self._words = [w for w in words if w.isascii() and w.replace("'", "").isalpha()]
        self._lists = {name: values.split("|") for name, values in LISTS.items()}
        examples, glosses = _wordnet()
        self._pools = [self._random.sample(p, len(p)) for p in (examples, glosses, _fortunes())]
        self._held_out = {key(normalize(text)) for text in (*SENTENCES, *(t for _, t in TEXTS))}
        names, figures = ProperNames(self._random), Figures(self._random)
        self._rules: dict[str, Callable[[], str]] = {
            **figures.rules,
            "name": names.first,
            "surname": names.last,
            "fullname": names.full,
            "town": names.place,
        }

    def __iter__(self) -> Iterator[str]:
        """Yield texts, ASCII, each as the engine would be given it."""
        kinds: tuple[tuple[float, Callable[[], str]], ...] = (
            (0.15, lambda: self._from_pool(0)),
            (0.05, lambda: self._from_pool(1)),
            (0.11, lambda: self._from_pool(2)),
            (0.12, lambda: self._templated(PATTERNS)),
            (0.18, lambda: self._templated(FIGURES)),
            (0.13, lambda: self._templated(NAMES)),
            (0.03, lambda: self._templated(SPELLED)),
            (0.11, self._word_run),
            (0.04, lambda: self._word()),
            (0.08, self._several),
        )
        weights = [weight for weight, _ in kinds]
        while True:
            ((_, make),) = self._random.choices(kinds, weights)
            text = self._restyled(make())
            if key(normalize(text)) in self._held_out:
                continue
            text = normalize(text) if self._random.random() < _WRITTEN_OUT else text
            if _PLAIN.fullmatch(text):
                yield self._tagged(text)

    def _from_pool(self, index: int) -> str:
        pool = self._pools[index]
        return pool.pop() if len(pool) > 1 else pool[0]

    def _templated(self, patterns: Sequence[str]) -> str:
        return re.sub(r"\{(\w+)\}", lambda m: self._fill(m[1]), self._random.choice(patterns))

    def _fill(self, name: str) -> str:
        if name in self._rules:
            return self._rules[name]()
        if name in ("noun", "adjective", "verb", "plural") and self._random.random() < 0.15:
            return self._word()
        return self._random.choice(self._lists[name])

    def _word(self) -> str:
        """Return a word; the common ones more often, but the rare ones too."""
        return self._words[int(len(self._words) * self._random.random() ** 1.7)]

    def _word_run(self) -> str:
        return " ".join(self._word() for _ in range(self._random.randint(1, 9)))

    def _several(self) -> str:
        makes = (
            lambda: self._from_pool(0),
            lambda: self._from_pool(2),
            lambda: self._templated((*PATTERNS, *FIGURES, *NAMES)),
        )
        parts = (self._random.choice(makes)() for _ in range(self._random.randint(2, 3)))
        return " ".join(_sentence(part, ".") for part in parts)

    def _restyled(self, text: str) -> str:
        """Return `text` as a sentence three times of four."""
        if self._random.random() < 0.75:
            return _sentence(text, self._random.choices(".!?,", (12, 1, 1, 1))[0])
        return text

    def _tagged(self, text: str) -> str:
        """Put a speaker tag in front now and then; the tokenizer adds the first by itself."""
        return self._random.choice(_TAG) + text if self._random.random() < 0.04 else text


def key(text: str) -> str:
    """Return what two texts that sound alike have in common."""
    return " ".join(re.findall(r"[a-z0-9']+", text.lower()))


def _sentence(text: str, end: str) -> str:
    text = text.strip()
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", '"')) else text.rstrip(",;:-") + end


def _wordnet() -> tuple[list[str], list[str]]:
    """Return the examples and the glosses of WordNet, short enough to be spoken."""
    examples: list[str] = []
    glosses: list[str] = []
    for part in ("noun", "verb", "adj", "adv"):
        for line in (WORDNET / f"data.{part}").read_text(errors="replace").splitlines():
            if line.startswith("  ") or "|" not in line:
                continue
            gloss, *rest = re.split(r'[;:]? "', line.split("|", 1)[1].strip())
            examples += [piece.split('"')[0] for piece in rest]
            glosses += gloss.split(";")
    return [x for x in examples if _speakable(x)], [x.strip() for x in glosses if _speakable(x)]


def _fortunes() -> list[str]:
    sentences: list[str] = []
    for name in FORTUNE_FILES.split():
        path = FORTUNES / name
        if not path.exists():
            continue
        for fortune in path.read_text(errors="replace").split("\n%\n"):
            body = re.split(r"\n\s*--", fortune)[0]
            flat = re.sub(r"\s+", " ", body)
            sentences += [s for s in re.split(r"(?<=[.!?])\s+", flat) if _speakable(s)]
    return sentences


def _speakable(text: str) -> bool:
    words = text.split()
    shouting = sum(word.isupper() and len(word) > 2 for word in words)
    return (
        2 <= len(words) <= MAX_WORDS
        and shouting == 0
        and "--" not in text
        and _PLAIN.fullmatch(text.strip()) is not None
    )
