"""Sentences that the evaluation speaks and training never does."""

from __future__ import annotations

from pathlib import Path

SENTENCES = (Path(__file__).parent / "evaluation_sentences.txt").read_text().splitlines()
