"""Texts that the evaluation speaks and training never does."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent

SENTENCES = (_FOLDER / "evaluation_sentences.txt").read_text().splitlines()
TEXTS = [
    tuple(line.split(": ", 1))
    for line in (_FOLDER / "evaluation_texts.txt").read_text().splitlines()
]
"""Kinds and texts."""
