"""Training data, and the files that hold it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.echo.codecs.source_filter.features import HOP, RATE_HZ, SUBFRAMES
from training.flite import SILENCE

FRAME_SAMPLES = SUBFRAMES * HOP
FRAMES_PER_SECOND = RATE_HZ / FRAME_SAMPLES
_PHONES = (
    "pau aa ae ah ao aw ax ay b ch d dh eh er ey f g hh ih iy jh k l m n ng ow oy p r s sh t th "
    "uh uw v w y z zh"
)
PHONES = tuple(_PHONES.split())
"""Flite's sounds of American English."""
SILENCE_INDEX = PHONES.index(SILENCE)


Precision = TypeVar("Precision", bound=np.floating)
"""The float type of features: float16 in a shard, float32 or float64 where they are changed."""


@dataclass(frozen=True)
class Item:
    """One utterance.

    Attributes:
        voice: Index in `VOICES`.
        tokens: As the model reads the text, (L,).
        features: (4 T, 26), the speech alone.
        phones: Index in `PHONES` of each sound, (P,).
        phone_ends: When each ends, in latent frames, (P,).
        spans: First and last token of each spoken word, and when it begins and ends in latent
            frames, (W, 4).
    """

    voice: int
    tokens: NDArray[np.uint8]
    features: NDArray[np.float16]
    phones: NDArray[np.int8]
    phone_ends: NDArray[np.float32]
    spans: NDArray[np.float32]


FIELDS = ("tokens", "features", "phones", "phone_ends", "spans")


def save(items: list[Item], path: Path) -> None:
    """Write a shard: every field of all items end to end, with where each begins."""
    arrays: dict[str, NDArray[np.generic]] = {"voice": np.array([item.voice for item in items])}
    for name in FIELDS:
        parts = [getattr(item, name) for item in items]
        arrays[name] = np.concatenate(parts)
        arrays[f"{name}_at"] = np.cumsum([0, *map(len, parts)])
    temporary = path.with_suffix(".part.npz")
    np.savez(temporary, **arrays)  # type: ignore[arg-type]
    os.replace(temporary, path)  # a reader never sees half a shard


def load(path: Path) -> list[Item]:
    """Read what `save` wrote."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    items = []
    for i, voice in enumerate(arrays["voice"]):
        at = {name: slice(*arrays[f"{name}_at"][i : i + 2]) for name in FIELDS}
        items.append(Item(int(voice), **{name: arrays[name][at[name]] for name in FIELDS}))
    return items


def shard_path(folder: Path, number: int) -> Path:
    """Return where shard `number` lies."""
    return folder / f"shard-{number:04d}.npz"


def seconds(items: list[Item]) -> float:
    """Return how long all `items` together are."""
    return sum(len(item.features) for item in items) / SUBFRAMES / FRAMES_PER_SECOND
