"""PCM, the form of all audio in memory: mono float32 at 44.1 kHz."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PCM = NDArray[np.float32]
"""Samples in [-1, 1], shape (num_samples,)."""

SAMPLE_RATE_HZ = 44_100

SAMPLE_BYTES = 4

FRAME_SAMPLES = 2048
"""Samples of one latent frame: 46.4 ms."""

MIN_PEAK = 1e-3
"""Audio whose loudest sample lies below -60 dBFS is silence: dither and noise floors stay under
it, the quietest usable recording of a voice far above."""


def is_silent(pcm: PCM) -> bool:
    """Tell whether `pcm` is inaudible, or empty."""
    return float(np.abs(pcm).max(initial=0.0)) < MIN_PEAK


def from_int16(raw: bytes) -> PCM:
    """Return samples of 16 bits, little-endian, as PCM."""
    return np.frombuffer(raw, "<i2").astype(np.float32) / np.float32(32768)
