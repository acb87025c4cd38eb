"""Shards to examples: utterances by made-up speakers, with a reference of the same speaker."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.echo.codecs.source_filter.features import (
    COSINES,
    NUM_CEPSTRA,
    PITCH,
    POWER_FLOOR,
    SILENCE,
    SUBFRAMES,
)
from training.augment import Speaker, apply, draw_speaker, median_pitch
from training.flite import VOICES
from training.items import join
from training.rhythm import Rhythm
from training.shards import Item, Precision, load

_JOINED_FRAMES = (40, 560)  # the common rhythm may make more of it, up to what can be drawn
_TAGGED = 0.3
"""Part of the long texts whose sentences go from speaker to speaker, in one voice."""
_RULED = 0.4
"""Part of the long texts with rows of marks between sentences, which are a pause and no end."""
_MARKS, _ROW_LENGTHS = "----==__**##~~..!", (3, 60)
_NOISY = 0.3
"""Part of the references that come with room noise, which is not to be copied."""


@dataclass(frozen=True)
class Example:
    """One utterance as trained on.

    Attributes:
        item: Where it comes from, in the common rhythm.
        features: (4 T, 26) as the speaker says it, silence filling the last frame.
    """

    item: Item
    features: NDArray[np.float32]


class Dataset:
    """All shards of a folder; `refresh` takes in new ones."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: set[Path] = set()
        self.items: list[Item] = []
        self.by_voice: dict[int, list[int]] = defaultdict(list)
        self.refresh()
        self._rhythm = Rhythm(self.items)

    def refresh(self) -> None:
        """Read shards that have come since."""
        for path in sorted(set(self._folder.glob("shard-????.npz")) - self._seen):
            self._seen.add(path)
            for item in load(path):
                self.by_voice[item.voice].append(len(self.items))
                self.items.append(_levelled(item))
        if not self.items:
            raise FileNotFoundError(f"no shards in {self._folder}: run training.data first")

    def speaker(self, voice: int, rng: np.random.Generator) -> Speaker:
        """Draw a speaker that `voice` is turned into."""
        return draw_speaker(VOICES[voice], rng)

    def joined(self, rng: np.random.Generator) -> Item:
        """Return a random long text: some items of one voice."""
        voice = self.items[int(rng.integers(len(self.items)))].voice
        wanted = np.exp(rng.uniform(*np.log(_JOINED_FRAMES)))
        parts: list[Item] = []
        while len(parts) < 2 or _num_frames(parts) < wanted:
            parts.append(self._another(voice, rng))
        while len(parts) > 1 and _num_frames(parts) > _JOINED_FRAMES[1]:
            parts.pop()
        ruled = rng.random() < _RULED
        rows = [_row(rng) if ruled and rng.random() < 0.7 else "" for _ in parts[1:]]
        return join(parts, rng.random() < _TAGGED, rows)

    def example(
        self, item: Item, rng: np.random.Generator, speaker: Speaker | None = None
    ) -> Example:
        """Return `item` as `speaker`, or as a random one, says it."""
        speaker = self.speaker(item.voice, rng) if speaker is None else speaker
        item = self._rhythm.retimed(item)
        features = apply(item.features.astype(np.float32), speaker)
        missing = -len(features) % SUBFRAMES
        silence = np.repeat(SILENCE[None], missing, axis=0).astype(features.dtype)
        features = np.concatenate([features, silence])
        return Example(item, features)

    def reference(
        self, voice: int, num_frames: int, rng: np.random.Generator, speaker: Speaker
    ) -> NDArray[np.float32]:
        """Return `num_frames` latent frames' features of other speech by `speaker`."""
        wanted = num_frames * SUBFRAMES
        parts: list[NDArray[np.float16]] = []
        total = 0
        while total < wanted + SUBFRAMES:  # it may begin within a frame
            parts.append(self._another(voice, rng).features)
            total += len(parts[-1])
        start = int(rng.integers(total - wanted + 1))
        original = np.concatenate(parts)[start : start + wanted].astype(np.float32)
        features = apply(original, speaker)
        return _noisy(features, rng) if rng.random() < _NOISY else features

    def _another(self, voice: int, rng: np.random.Generator) -> Item:
        return self.items[self.by_voice[voice][int(rng.integers(len(self.by_voice[voice])))]]


def _levelled(item: Item) -> Item:
    """Return `item` with its pitch as octaves from its own median.

    Some of the teacher's sentences lie a semitone above others, and so would the chunks of a text.
    """
    features = item.features.astype(np.float32)
    features[:, PITCH] -= median_pitch(features)
    return replace(item, features=features.astype(np.float16))


def _num_frames(parts: list[Item]) -> float:
    return sum(len(part.features) for part in parts) / SUBFRAMES


def _row(rng: np.random.Generator) -> str:
    """Return a row of one mark, short ones more often than long."""
    mark = _MARKS[int(rng.integers(len(_MARKS)))]
    return mark * round(float(np.exp(rng.uniform(*np.log(_ROW_LENGTHS)))))


def _noisy(features: NDArray[Precision], rng: np.random.Generator) -> NDArray[Precision]:
    """Return `features` with stationary noise of a random colour and level."""
    colour = np.concatenate([[rng.uniform(-125, -75)], rng.normal(0, [10, 4, 4, 3, 3])])
    noise = np.exp(colour @ COSINES[: len(colour)]).astype(features.dtype)
    cosines = COSINES.astype(features.dtype)
    power = np.exp(features[:, :NUM_CEPSTRA] @ cosines) + noise + POWER_FLOOR
    out = np.array(features)
    out[:, :NUM_CEPSTRA] = np.log(power) @ cosines.T
    return out
