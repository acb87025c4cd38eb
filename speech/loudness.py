"""The loudness of audio as EBU R 128 has it, measured by FFmpeg's `ebur128`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import av
import numpy as np
from av.filter import Graph

from speech.pcm import PCM, SAMPLE_RATE_HZ

MOMENT_S = 0.4
"""The length of audio that loudness is measured of: shorter has none."""

_MIN_RANGE_S = 4.0  # of less, FFmpeg's lower percentile falls on the bottom of its scale
_SILENCE_LUFS = -70.0


class Loudness(NamedTuple):
    """The integrated loudness in LUFS and its range in LU.

    The loudness is None below -70 LUFS or 0.4 s, the range also below 4 s.
    """

    lufs: float | None
    range_lu: float | None


def measure_loudness(pcm: PCM, sample_rate: int = SAMPLE_RATE_HZ) -> Loudness:
    """Return the loudness of mono audio.

    Source: ITU-R BS.1770-4 (K-weighting, gating) and EBU Tech 3342 (loudness range).
    """
    if len(pcm) < MOMENT_S * sample_rate:
        return Loudness(None, None)
    told: dict[str, str] = {}
    for frame in _filtered(pcm, sample_rate):
        told = frame.metadata or told  # the rest of less than 0.1 s has none
    lufs = float(told["lavfi.r128.I"])
    if lufs <= _SILENCE_LUFS:
        return Loudness(None, None)
    is_long = len(pcm) >= _MIN_RANGE_S * sample_rate
    return Loudness(lufs, float(told["lavfi.r128.LRA"]) if is_long else None)


def _filtered(pcm: PCM, sample_rate: int) -> Iterator[av.AudioFrame]:
    """Yield the frames that `ebur128` hands on, each with what is known by then."""
    graph = Graph()
    graph.threads = 1  # or each graph starts an idle thread per core
    graph.link_nodes(
        graph.add_abuffer(sample_rate=sample_rate, format="flt", layout="mono"),
        graph.add("ebur128", "metadata=1:framelog=quiet"),
        graph.add("abuffersink"),
    ).configure()
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm)[np.newaxis], "flt", "mono")
    frame.sample_rate = sample_rate
    graph.push(frame)
    graph.push(None)
    while True:
        try:
            measured = graph.pull()
        except (BlockingIOError, av.error.EOFError):
            return
        assert isinstance(measured, av.AudioFrame)
        yield measured
