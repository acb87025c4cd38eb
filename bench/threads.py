"""The number of threads a benchmark computes with: as many as where the graph computes."""

from __future__ import annotations

import os
import sys

from serve_app.settings import Settings


def compute_as_a_sampler(settings: Settings) -> None:
    """Start the program again with as many threads as Ray gives a sampler, unless it has them.

    Torch and NumPy's BLAS read the variable when they are imported, and Ray's own imports them.
    """
    threads = str(max(1, int(settings.sampler_cpus)))
    if os.environ.get("OMP_NUM_THREADS") != threads:
        os.environ["OMP_NUM_THREADS"] = threads
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
