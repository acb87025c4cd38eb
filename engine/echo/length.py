"""The frames that a text takes, and those that `sequence_length: "auto"` draws for it.

Those are enough for the text, and no more: the cost of a draw grows with its length. Where the
speech turns out longer, nothing is cut: the runner draws it again at full length, and the shorter
noise is the beginning of the longer.
"""

from __future__ import annotations

import math

from engine.echo.config import MAX_FRAMES, LengthConfig
from speech.pcm import FRAME_SAMPLES, SAMPLE_RATE_HZ
from speech.text.duration import estimate_duration_s

BUCKET_FRAMES = 32
"""Lengths are multiples of this: few shapes serve all texts, and each block is worth its cost."""


def expected_frames(text: str) -> float:
    """Return the latent frames that `text` takes to speak at an ordinary pace."""
    return estimate_duration_s(text) * SAMPLE_RATE_HZ / FRAME_SAMPLES


def likely_frames(text: str, config: LengthConfig) -> int:
    """Return a length in which `text` will most likely end, at most `MAX_FRAMES`.

    By characters and their script, not bytes: a byte of Chinese takes as long as a byte of
    English, a byte of Russian half as long, a digit four times as long.
    """
    wanted = config.stretch * expected_frames(text) + config.spare_frames
    return min(math.ceil(wanted / BUCKET_FRAMES) * BUCKET_FRAMES, MAX_FRAMES)
