"""The likeness of two voices, by the spectrum of all their voiced sounds together."""

from __future__ import annotations

import numpy as np

from engine.echo.codecs.source_filter.analysis import analyse
from engine.echo.codecs.source_filter.features import COSINES, HOP, NUM_CEPSTRA, VOICING, Floats
from engine.echo.codecs.source_filter.half_band import halve
from speech.pcm import PCM

_VOICED = 0.5
_DB = 10 / np.log(10)


def mean_spectrum(audio: PCM) -> Floats:
    """Return the mean log power (bands,), in dB about its own mean, of voiced sub-frames."""
    samples = halve(audio.astype(np.float64))
    features = analyse(samples, len(samples) // HOP)
    voiced = features[features[:, VOICING] > _VOICED]
    if not len(voiced):
        return np.zeros(COSINES.shape[1])
    bands = voiced[:, :NUM_CEPSTRA].mean(axis=0) @ COSINES * _DB
    return np.asarray(bands - bands.mean())


def distance(one: Floats, other: Floats) -> float:
    """Return the root mean square difference of two mean spectra, in dB."""
    return float(np.sqrt(np.mean((one - other) ** 2)))
