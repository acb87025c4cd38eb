"""Makes the training data: the teacher's speech as features, with the times of sounds and letters.

    python -m training.data --out DIR --shards 16

writes shard after shard; training may begin with the first. Shards depend on their number alone.
"""

from __future__ import annotations

import argparse
from itertools import islice
from pathlib import Path

import numpy as np

from training.flite import VOICES, Flite
from training.items import make_item
from training.prompts import Prompts
from training.shards import Item, save, seconds, shard_path

SHARD_UTTERANCES = 500

_VOICE_WEIGHTS = (0.3, 0.25, 0.3, 0.15)


def make_shard(number: int, size: int, flite: Flite) -> list[Item]:
    """Return `size` utterances that depend on `number` alone."""
    rng = np.random.default_rng(number)
    items = (
        make_item(text, str(rng.choice(VOICES, p=_VOICE_WEIGHTS)), flite)
        for text in Prompts(number)
    )
    return list(islice((item for item in items if item is not None and len(item.spans)), size))


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
            minutes = seconds(items) / 60
            print(f"{path.name}: {len(items)} utterances, {minutes:.1f} minutes", flush=True)


if __name__ == "__main__":
    main()
