"""Computes the codec's components from training data, once: later runs must use the same."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from engine.echo.codecs.source_filter.codec import Components, stack
from training.dataset import Dataset

LATENT_DIM = 80
_NUM_ITEMS = 400


def compute(dataset: Dataset, seed: int = 0) -> Components:
    """Return the principal components, about silence, of speech by many speakers.

    Half whitened: latent i has the fourth root of its component's power, and all of them
    together a mean square of 1.
    """
    rng = np.random.default_rng(seed)
    items = rng.integers(len(dataset.items), size=_NUM_ITEMS)
    examples = (dataset.example(dataset.items[i], rng) for i in items)
    rows = np.concatenate([stack(x.features.astype(np.float64)) for x in examples])
    power, directions = np.linalg.eigh(rows.T @ rows / len(rows))
    power, directions = power[::-1][:LATENT_DIM], directions[:, ::-1][:, :LATENT_DIM]
    gain = power**-0.25 / np.sqrt(np.mean(np.sqrt(power)))
    return Components(directions * gain, (directions / gain).T)


def main() -> None:
    """Write the components next to the codec."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    compute(Dataset(parser.parse_args().data)).save()


if __name__ == "__main__":
    main()
