"""The search for a long silence at the start of reference audio.

Engines use the beginning of a voice (echo-mini its first 29.7 s). A voice that begins late is cut
off, and speech in it comes out soft: 7 dB softer after 10 s of silence (docs/voices.md).
"""

from __future__ import annotations

import numpy as np

from speech.pcm import PCM, SAMPLE_RATE_HZ

MIN_SKIPPED_S = 5.0
"""A shorter silence stays: ordinary recordings are used as they are, to the sample."""
KEPT_S = 0.5
"""The length of silence that is left before the voice."""

_FRAME_SAMPLES = SAMPLE_RATE_HZ // 50
_MAX_FALL_DB = 35.0
"""Frames this far below the loudest are silent."""
_MIN_VOICE_FRAMES = 5  # 100 ms; what is shorter is a click


def find_start(pcm: PCM) -> int:
    """Return the number of samples of silence to leave out at the start."""
    num_frames = len(pcm) // _FRAME_SAMPLES
    frames = pcm[: num_frames * _FRAME_SAMPLES].reshape(num_frames, _FRAME_SAMPLES)
    # Of what varies: an offset, as sound cards add, is not heard.
    power = np.einsum("fs,fs->f", frames, frames) - frames.sum(axis=1) ** 2 / _FRAME_SAMPLES
    if not num_frames:
        return 0
    is_loud = power > power.max() * 10 ** (-_MAX_FALL_DB / 10)
    edges = np.flatnonzero(np.diff(is_loud, prepend=False, append=False))
    starts, stops = edges[::2], edges[1::2]
    voiced = starts[stops - starts >= _MIN_VOICE_FRAMES]
    if not len(voiced) or voiced[0] * _FRAME_SAMPLES < MIN_SKIPPED_S * SAMPLE_RATE_HZ:
        return 0
    return int(voiced[0]) * _FRAME_SAMPLES - int(KEPT_S * SAMPLE_RATE_HZ)
