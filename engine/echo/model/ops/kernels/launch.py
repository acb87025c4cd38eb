"""Kernels that start while the one before them ends: programmatic dependent launch.

From Hopper on a kernel may be placed on the device, and load what it knows already, before the one
before it is done; `wait` is where it needs that one's results. Each starts the next as soon as it
starts itself, so several may wait in line. For that to be safe

- every program calls `wait`, whatever it has to do: what comes later relies on it;
- before it, a program reads only what no such kernel writes: weights, tables, modulation.

It saves about a microsecond a kernel. Passes of many rows have the library's products between our
kernels, and gain nothing.
"""

from __future__ import annotations

import triton
import triton.language as tl
from torch import Tensor
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait

from engine.echo.model.ops.kernels.tiles import limits_of

FIRST_CAPABILITY = 90
MAX_ROWS = 128
"""The most rows of a pass whose kernels start early, and whose products are `few_rows`."""


@triton.jit
def wait(CHAINED: tl.constexpr):
    """Let the next kernel start, then wait for the results of those before."""
    if CHAINED:
        gdc_launch_dependents()
        gdc_wait()


def is_chained(x: Tensor) -> bool:
    """Return whether kernels start early in a pass of the rows of `x` (N, ...)."""
    if len(x) > MAX_ROWS or x.device.type != "cuda":
        return False
    return limits_of(x.device).capability >= FIRST_CAPABILITY


def launch_options(x: Tensor) -> dict[str, bool]:
    """Return the options of a launch in a pass of the rows of `x` (N, ...).

    `CHAINED` among them is for the kernel, which hands it to `wait`.
    """
    chained = is_chained(x)
    return {"CHAINED": chained, **({"launch_pdl": True} if chained else {})}
