"""The resampling of reference audio to 44.1 kHz, as the upstream loader does it if it can."""

from __future__ import annotations

import functools
import logging
import math
from collections.abc import Callable
from importlib.metadata import version

import numpy as np
import soxr
from numpy.typing import NDArray

from speech.pcm import SAMPLE_RATE_HZ

Mono = NDArray[np.float32]
Resample = Callable[[Mono, int], Mono]

_MAX_KERNEL_VALUES = 200_000  # of torchaudio's filter, which grows as the rates share less

logger = logging.getLogger(__name__)


@functools.cache
def load_resampler() -> Resample:
    """Return the function that takes mono audio and its rate in Hz to 44.1 kHz; loads it once.

    torchaudio's where it loads, because the upstream loader uses it; soxr's elsewhere.
    """
    if _torchaudio_loads():
        logger.info("resampling with torchaudio")
        return resample_torchaudio
    logger.info("resampling with soxr: torchaudio does not load beside this torch")
    return resample_soxr


def _torchaudio_loads() -> bool:
    try:
        if version("torch").endswith("+cpu"):  # the import would find out in 2 s and with 200 MB
            return False
        import torchaudio.functional  # noqa: F401 (only whether it loads)
    except (ImportError, OSError):
        return False
    return True


def resample_soxr(mono: Mono, rate_hz: int) -> Mono:
    """Resample to 44.1 kHz with soxr."""
    resampled: Mono = soxr.resample(mono, rate_hz, SAMPLE_RATE_HZ, quality="HQ")
    return resampled


def resample_torchaudio(mono: Mono, rate_hz: int) -> Mono:
    """Resample to 44.1 kHz with torchaudio."""
    common = math.gcd(rate_hz, SAMPLE_RATE_HZ)
    if (rate_hz // common) * (SAMPLE_RATE_HZ // common) > _MAX_KERNEL_VALUES:
        return resample_soxr(mono, rate_hz)  # 44 101 Hz would take a filter of gigabytes
    import torch
    import torchaudio.functional

    resampled: Mono = torchaudio.functional.resample(
        torch.from_numpy(mono), rate_hz, SAMPLE_RATE_HZ
    ).numpy()
    return resampled
