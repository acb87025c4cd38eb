"""The hardware of this machine, found without importing the libraries that would use it."""

from __future__ import annotations

from pathlib import Path


def has_gpu() -> bool:
    """Tell whether there is an NVIDIA GPU, by its device file."""
    return any(Path("/dev").glob("nvidia[0-9]*"))
