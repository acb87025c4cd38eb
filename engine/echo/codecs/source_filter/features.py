"""The features of a sub-frame of speech: a mel cepstrum, log pitch and voicing.

Source of the mel scale: D. O'Shaughnessy, "Speech Communication", 1987.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Features = NDArray[np.float64]
"""(sub-frames, NUM_FEATURES): NUM_CEPSTRA of the log power spectrum, log2 of the pitch over
PITCH_UNIT_HZ, voicing from 0 to 1."""

RATE_HZ = 22_050
"""Half of the system's rate: vocoded speech has little content above 11 kHz."""
HOP = 256
"""Samples at RATE_HZ from one sub-frame to the next: 11.6 ms."""
SUBFRAMES = 4
"""Sub-frames of one latent frame."""
FIRST_CENTRE = 528
"""The sample that sub-frame 0 describes. Sub-frames run this far ahead, because the synthesis needs
two later ones and half of the resampler's reach: so each latent frame can be finished by itself."""

NUM_CEPSTRA = 24
PITCH, VOICING = NUM_CEPSTRA, NUM_CEPSTRA + 1
NUM_FEATURES = NUM_CEPSTRA + 2

PITCH_UNIT_HZ = 150.0
MIN_PITCH_HZ = 60.0
MAX_PITCH_HZ = 500.0

NUM_BANDS = 80
LOW_HZ, HIGH_HZ = 60.0, 10_700.0
POWER_FLOOR = 1e-7
"""Silence, as a power per sample: -70 dB."""


def hz_to_mel(hz: Floats) -> Floats:
    """Return mels, 1127 ln(1 + f / 700)."""
    return np.asarray(1127.0 * np.log1p(hz / 700.0))


def mel_to_hz(mel: Floats) -> Floats:
    """Invert `hz_to_mel`."""
    return np.asarray(700.0 * np.expm1(mel / 1127.0))


def _cosines() -> Floats:
    """Return the orthonormal DCT-II's first rows, (NUM_CEPSTRA, NUM_BANDS)."""
    rows, bands = np.arange(NUM_CEPSTRA)[:, None], np.arange(NUM_BANDS)
    cosines = np.cos(np.pi * rows * (bands + 0.5) / NUM_BANDS) * np.sqrt(2 / NUM_BANDS)
    cosines[0] *= np.sqrt(0.5)
    return np.asarray(cosines)


BAND_MELS: Floats = np.linspace(
    hz_to_mel(np.array(LOW_HZ)), hz_to_mel(np.array(HIGH_HZ)), NUM_BANDS
)
BAND_HZ: Floats = mel_to_hz(BAND_MELS)
"""The middles of the bands."""
COSINES: Floats = _cosines()
"""Log power of the bands = cepstra @ COSINES, as well as so few cepstra can say it."""
SILENCE: Floats = np.concatenate([np.full(NUM_BANDS, np.log(POWER_FLOOR)) @ COSINES.T, np.zeros(2)])
"""The features (NUM_FEATURES,) of silence."""


def centres(num_subframes: int, first: int = 0) -> NDArray[np.int64]:
    """Return the samples at RATE_HZ that sub-frames describe, from number `first` on."""
    return (np.arange(num_subframes, dtype=np.int64) + first) * HOP + FIRST_CENTRE


def interpolated(rows: Floats, position: Floats) -> Floats:
    """Return each of `rows` (n, columns) at its fractional positions, (n, any)."""
    index = np.minimum(position.astype(np.intp), rows.shape[1] - 2)
    here, following = (np.take_along_axis(rows, index + i, 1) for i in (0, 1))
    return np.asarray(here + (position - index) * (following - here))
