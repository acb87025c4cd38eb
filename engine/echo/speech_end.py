"""The judgement of a take: where its speech ends, and whether it can be right.

A pause is as flat as an end. It is held against what the text should take, at an ordinary pace,
and against what follows it. The bounds were set on echo-mini, whose 38 takes of ordinary sentences
end at 0.76 to 1.7 of that length and are followed by nothing; for the published model they are
untested by ear.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from engine.protocol import Fault
from speech.pcm import MIN_PEAK

MIN_SHARE = 0.5
"""The share of the frames that a text should take, before which an end comes too early."""
MIN_EXPECTED_FRAMES = 20
"""Texts of fewer frames (0.9 s), a word or two, are not held against their length."""


def earliest_end(expected: float) -> int:
    """Return the first frame at which a take of `expected` frames may end though speech follows."""
    return int(MIN_SHARE * expected) if expected >= MIN_EXPECTED_FRAMES else 0


def choose_end(is_flat: NDArray[np.bool_], expected: float) -> int:
    """Return the frame at which the speech ends, the number of frames if it does not.

    It is the first flat frame, unless speech follows it: then it is where the drawn frames fall
    silent for good, if the text may take as long as that, or else the first flat frame that comes
    after some speech and is not too early.

    Args:
        is_flat: Whether the window that begins at each drawn frame is flat.
        expected: Frames that the text should take; 0 if that is not known.
    """
    flat = np.flatnonzero(is_flat)
    if not len(flat):
        return len(is_flat)
    speech = np.flatnonzero(~is_flat)
    last_silence = int(speech[-1]) + 1 if len(speech) else 0
    first = int(flat[0])
    if last_silence <= first:
        return first
    if last_silence < len(is_flat) and last_silence <= expected:
        return last_silence
    earliest = max(earliest_end(expected), int(speech[0]) if expected else 0)
    late_enough = flat[flat >= earliest]
    return int(late_enough[0]) if len(late_enough) else len(is_flat)


def find_fault(peak: float, end_frame: int, expected: float, *, has_end: bool) -> Fault | None:
    """Return what is wrong with a take, None if nothing is.

    Args:
        peak: The largest magnitude of its samples.
        end_frame: The frame that it ends at.
        expected: Frames that the text should take.
        has_end: Whether the speech ended within the pass.
    """
    if peak < MIN_PEAK:
        return "silent"
    if not has_end:
        return "cut"
    return "early" if end_frame < earliest_end(expected) else None


def retake_seed(seed: int) -> int:
    """Return the seed of the take after the one with `seed`."""
    digest = hashlib.blake2b(f"{seed}/retake".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
