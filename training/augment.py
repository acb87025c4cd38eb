"""Makes many speakers of four: pitch, vocal tract, timbre and breath, all on features."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.echo.codecs.source_filter.features import (
    BAND_HZ,
    BAND_MELS,
    COSINES,
    NUM_CEPSTRA,
    PITCH,
    PITCH_UNIT_HZ,
    POWER_FLOOR,
    VOICING,
    Floats,
    hz_to_mel,
)
from training.shards import Precision

LOWEST_HZ, HIGHEST_HZ = 72.0, 330.0
_TYPICAL_HZ = 140.0
_VOICED = 0.5
_TRACTS = {"slt": 0.10, "awb": 0.0, "rms": -0.03, "kal16": -0.02}
"""Log of flite's voices' formants over a man's."""
_TRACT_PER_OCTAVE = 0.11  # higher voices come from shorter vocal tracts, roughly
_TRACT_SPREAD, _TRACT_LIMIT = 0.07, 0.26
_WARP_STEPS = 200  # warps per unit of log frequency that are told apart
_TILT = np.array([8.0, 5.0, *[3.0] * 6])
"""Spread of the first cepstra's offsets: loudness, tilt, then an equaliser of some 2 dB."""


@dataclass(frozen=True)
class Speaker:
    """A way to change a teacher's voice.

    Attributes:
        pitch: Median to reach, log2 over PITCH_UNIT_HZ.
        liveliness: Factor on how far the pitch moves from its median.
        warp: Log of the factor on all formants.
        tilt: Offsets of the first cepstra.
        breath: Factor on voicing.
    """

    pitch: float
    liveliness: float
    warp: float
    tilt: Floats
    breath: float


def draw_speaker(voice: str, rng: np.random.Generator, pitch: float | None = None) -> Speaker:
    """Return a random speaker that flite's `voice` is turned into, of a given pitch if it is."""
    low, high = np.log2(np.array([LOWEST_HZ, HIGHEST_HZ]) / PITCH_UNIT_HZ)
    pitch = float(rng.uniform(low, high)) if pitch is None else pitch
    octaves = pitch - np.log2(_TYPICAL_HZ / PITCH_UNIT_HZ)
    aim = _TRACT_PER_OCTAVE * octaves + rng.normal(0.0, _TRACT_SPREAD)
    return Speaker(
        pitch=pitch,
        liveliness=float(rng.uniform(0.7, 1.5)),
        warp=float(np.clip(aim - _TRACTS[voice], -_TRACT_LIMIT, _TRACT_LIMIT)),
        tilt=rng.normal(0.0, _TILT),
        breath=float(rng.uniform(0.85, 1.0)),
    )


def median_pitch(features: NDArray[Precision]) -> float:
    """Return the median pitch of what is voiced in `features` (N, 26), of all where nothing is."""
    voiced = features[:, VOICING] > _VOICED
    return float(np.median(features[voiced, PITCH] if voiced.any() else features[:, PITCH]))


def apply(features: NDArray[Precision], speaker: Speaker) -> NDArray[Precision]:
    """Return `features` (N, 26) as `speaker` would have them.

    Computes in the features' own precision.

    Args:
        features: A teacher's, but for the pitch, which is in octaves from the utterance's median.
        speaker: What to make of it.
    """
    out = np.empty_like(features)
    warped = _warped_bands(round(speaker.warp * _WARP_STEPS), features.dtype)
    power = np.exp(features[:, :NUM_CEPSTRA] @ warped)
    offset = np.exp(speaker.tilt @ COSINES[: len(speaker.tilt)]).astype(features.dtype)
    power = np.maximum(power - POWER_FLOOR, 0) * offset + POWER_FLOOR  # silence stays silence
    out[:, :NUM_CEPSTRA] = np.log(power) @ _cosines(features.dtype)
    out[:, PITCH] = speaker.pitch + speaker.liveliness * features[:, PITCH]
    out[:, VOICING] = features[:, VOICING] * speaker.breath
    return out


@cache
def _warped_bands(steps: int, dtype: np.dtype[Precision]) -> NDArray[Precision]:
    """Return the map from cepstra to log band powers with all formants moved."""
    source = hz_to_mel(BAND_HZ / np.exp(steps / _WARP_STEPS))
    moved = [np.interp(source, BAND_MELS, row) for row in COSINES]
    return np.stack(moved).astype(dtype)


@cache
def _cosines(dtype: np.dtype[Precision]) -> NDArray[Precision]:
    """Return the map from log band powers to cepstra."""
    return np.ascontiguousarray(COSINES.T, dtype)
