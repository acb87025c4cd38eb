"""The sizes of pass that are captured as graphs."""

from __future__ import annotations

from engine.echo.config import MAX_FRAMES
from engine.echo.model.packing import Size

_POSITIONS = (32, 64, 96, 128, 256, 384, 512, 640, 960, 1280, 1600, 1920, 2560)
_GUIDED = 3 * MAX_FRAMES
_LANES = ((4, 0), (16, 256), (48, 960))
"""Lanes of a bucket, and the fewest positions with which so many are likely."""

TEXT_LENGTHS = (32, 64, 96, 128, 192, 256, 384)
"""Tokens of a text, up to half of what a pass takes: a longer one takes its time anyway."""
LATENT_LENGTHS = (8, 40, 80, 160)
"""Patches of the earlier latents: a stream's first blocks, and up to a whole pass."""


def bucket_sizes(max_lane_frames: int) -> list[Size]:
    """Return the sizes worth a graph where a pass holds up to `max_lane_frames` positions.

    A job that is larger goes alone: a guided one of full length always has its bucket.
    """
    return [
        Size(positions, lanes)
        for positions in _POSITIONS
        if positions <= max(max_lane_frames, _GUIDED)
        for lanes, least in _LANES
        if positions >= least
    ]
