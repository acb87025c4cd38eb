"""Draws the memory of a soak by process."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from bench.process_memory import Sample

SMALLEST_MB = 25.0


def draw(samples: Sequence[Sample], bursts: Sequence[tuple[float, float]], path: Path) -> None:
    """Draw a line for each name, the largest first, and a band for each burst of requests.

    Names that never have `SMALLEST_MB` are left out.
    """
    from matplotlib.figure import Figure  # slow to import, and the soak comes first

    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    by_name = [
        (name, list(group))
        for name, group in groupby(sorted(samples, key=lambda s: (s.name, s.second)), _name)
    ]
    by_name.sort(key=lambda item: -item[1][-1].mb)
    for name, line in by_name:
        if max(sample.mb for sample in line) >= SMALLEST_MB:
            seconds, mb = [s.second / 60 for s in line], [s.mb for s in line]
            axes.plot(seconds, mb, label=f"{name} ({mb[-1]:.0f} MB)")
    for start, end in bursts:
        axes.axvspan(start / 60, end / 60, color="0.85", label="_overload")
    axes.set(xlabel="minutes", ylabel="MB allocated", ylim=(0, None), xlim=(0, None))
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=100)


def _name(sample: Sample) -> str:
    return sample.name
