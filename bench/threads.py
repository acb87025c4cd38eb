"""The number of threads a benchmark computes with: as many as where the graph computes."""

from __future__ import annotations

import torch

from serve_app.settings import Settings


def pin_threads(settings: Settings) -> None:
    """Give torch as many threads as Ray gives a sampler, whatever the machine has."""
    torch.set_num_threads(max(1, int(settings.sampler_cpus)))
