"""Makes the training data: the teacher's speech as features, with the times of sounds and letters.

    python -m training.data --out DIR --shards 40

writes shard after shard; training may begin with the first. Shards depend on their number alone.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.echo.source_filter.analysis import analyse
from engine.echo.source_filter.features import HOP, RATE_HZ, SUBFRAMES
from engine.echo.tokenizer import normalize, tokenize
from training.flite import SILENCE, VOICES, Flite, SpokenToken, Utterance
from training.prompts import Prompts

FRAME_SAMPLES = SUBFRAMES * HOP
FRAMES_PER_SECOND = RATE_HZ / FRAME_SAMPLES
PHONES = (
    "pau aa ae ah ao aw ax ay b ch d dh eh er ey f g hh ih iy jh k l m n ng ow oy p r s sh t th "
    "uh uw v w y z zh"
).split()
SILENCE_INDEX = PHONES.index(SILENCE)
TAGS = ("[S1] ", "[S2] ")
SHARD_UTTERANCES = 500
MAX_SECONDS = 14.0

_LEAD_S, _TRAIL_S = 0.08, 0.10
_VOICE_WEIGHTS = (0.3, 0.25, 0.3, 0.15)


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


def make_item(text: str, voice: str, flite: Flite) -> Item | None:
    """Return `text` spoken by `voice`; None if it is silent or too long."""
    spoken = text
    for tag in TAGS:
        spoken = spoken.replace(tag, "")
    utterance = flite.speak(spoken, voice, RATE_HZ)
    sounds = [i for i, phone in enumerate(utterance.phones) if phone.name != SILENCE]
    if not sounds:
        return None
    first, last = sounds[0], sounds[-1]
    begin = max(utterance.phones[first - 1].end - _LEAD_S, 0.0) if first else 0.0
    end = utterance.phones[last].end + _TRAIL_S
    if end - begin > MAX_SECONDS:
        return None
    audio = utterance.audio[round(begin * RATE_HZ) : round(end * RATE_HZ)].astype(np.float64)
    num_frames = -(-len(audio) // FRAME_SAMPLES)
    phones = utterance.phones[: last + 1]
    return Item(
        voice=VOICES.index(voice),
        tokens=np.array(tokenize(text), np.uint8),
        features=analyse(audio, num_frames * SUBFRAMES).astype(np.float16),
        phones=np.array([PHONES.index(phone.name) for phone in phones], np.int8),
        phone_ends=_frames([phone.end for phone in phones], begin),
        spans=_spans(text, utterance, begin),
    )


def _frames(seconds: list[float], begin: float) -> NDArray[np.float32]:
    return ((np.array(seconds) - begin) * FRAMES_PER_SECOND).astype(np.float32)


def _spans(text: str, utterance: Utterance, begin: float) -> NDArray[np.float32]:
    """Find the spoken words among the tokens, in order."""
    # ASCII, so a character is a byte, and all replacements but the tag's keep their length.
    offset = len(normalize(text)) - len(text) + 1
    found: list[tuple[int, int, SpokenToken]] = []
    cursor = 0
    for token in utterance.tokens:
        at = text.find(token.text, cursor)
        if at >= 0:
            cursor = at + len(token.text)
            found.append((at + offset, cursor - 1 + offset, token))
    times = [_frames([token.start, token.end], begin) for _, _, token in found]
    rows = [(a, b, *when) for (a, b, _), when in zip(found, times, strict=True)]
    return np.array(rows, np.float32).reshape(-1, 4)


def make_shard(number: int, size: int, flite: Flite) -> list[Item]:
    """Return `size` utterances that depend on `number` alone."""
    rng = np.random.default_rng(number)
    items = (
        make_item(text, str(rng.choice(VOICES, p=_VOICE_WEIGHTS)), flite)
        for text in Prompts(number)
    )
    return list(islice((item for item in items if item is not None and len(item.spans)), size))


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


def main() -> None:
    """Make the shards that are not there yet."""
    parser = argparse.ArgumentParser(description="Make training data with flite.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--shards", type=int, default=60, help="how many in all")
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    parser.add_argument("--stride", type=int, default=1, help="processes that share the work")
    parser.add_argument("--size", type=int, default=SHARD_UTTERANCES, help="utterances in each")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    flite = Flite()
    for number in range(options.first, options.shards, options.stride):
        path = shard_path(options.out, number)
        if not path.exists():
            items = make_shard(number, options.size, flite)
            save(items, path)
            seconds = sum(len(item.features) for item in items) / SUBFRAMES / FRAMES_PER_SECOND
            print(f"{path.name}: {len(items)} utterances, {seconds / 60:.1f} minutes", flush=True)


if __name__ == "__main__":
    main()
