"""Even levels of a book's parts, each of which a request spoke as loud as its own first words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from serve_app.book.parts import Part
from speech.limiter import TRUE_PEAK_DB, limit
from speech.loudness import measure_loudness
from speech.pcm import PCM, from_int16

_MAX_GAIN_DB = 18.0
"""The most by which a part is turned: what differs more is no speech."""


class SpokenPart(NamedTuple):
    """A part, the file of its audio (samples of 16 bits, little-endian), and the gain it gets."""

    part: Part
    file: Path
    gain_db: float = 0.0

    def read(self, rate_hz: int) -> PCM:
        """Return the audio with its gain, which brings no true peak above -1 dB."""
        pcm = from_int16(self.file.read_bytes())
        turned = np.asarray(pcm * 10 ** (self.gain_db / 20), np.float32)
        if self.gain_db <= 0:
            return turned
        peak_db = 20 * np.log10(np.abs(pcm).max())
        return limit(turned, rate_hz, max(TRUE_PEAK_DB, float(peak_db)))


def even(spoken: Sequence[SpokenPart], rate_hz: int) -> list[SpokenPart]:
    """Return the parts with the gains that make them as loud as the middle one of them is."""
    measured = [measure_loudness(part.read(rate_hz), rate_hz).lufs for part in spoken]
    middle = median([lufs for lufs in measured if lufs is not None] or [0.0])
    gains_db = (0.0 if lufs is None else middle - lufs for lufs in measured)
    return [
        part._replace(gain_db=min(max(gain_db, -_MAX_GAIN_DB), _MAX_GAIN_DB))
        for part, gain_db in zip(spoken, gains_db, strict=True)
    ]
