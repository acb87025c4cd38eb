"""The spectrum below the pitch: voiced audio has nothing there, however the voice would go on.

The made-up speakers of the training keep there what the voice had that they come from, whatever
their own pitch. Heard as it is, the gap in a high voice's audio passes for a lower voice.
"""

from __future__ import annotations

import numpy as np

from engine.echo.codecs.source_filter.features import (
    BAND_HZ,
    COSINES,
    MAX_PITCH_HZ,
    NUM_CEPSTRA,
    PITCH,
    PITCH_UNIT_HZ,
    VOICING,
    Features,
    interpolated,
)

_VOICED = 0.5
_SLOPE = 0.9
"""By which the log power falls per octave below the pitch, as in training up to 220 Hz."""
_LOW_BANDS = int(np.searchsorted(BAND_HZ, MAX_PITCH_HZ)) + 1
_OCTAVES = np.log2(BAND_HZ[:_LOW_BANDS])


def filled(features: Features) -> Features:
    """Return `features` with a spectrum below the pitch, which continues the level at the pitch."""
    cosines = COSINES[:, :_LOW_BANDS]
    log_power = features[:, :NUM_CEPSTRA] @ cosines
    pitch_hz = PITCH_UNIT_HZ * 2 ** features[:, PITCH]
    position = np.interp(pitch_hz, BAND_HZ[:_LOW_BANDS], np.arange(_LOW_BANDS))
    level = interpolated(log_power, position[:, None])
    octaves = _OCTAVES - np.log2(pitch_hz)[:, None]
    below = (octaves < 0) & (features[:, VOICING] > _VOICED)[:, None]
    change = np.where(below, level + _SLOPE * octaves - log_power, 0.0)
    out = features.copy()
    out[:, :NUM_CEPSTRA] += change @ cosines.T
    return out
