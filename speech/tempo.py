"""The change of tempo, which keeps the pitch (FFmpeg's `atempo`), in pieces."""

from __future__ import annotations

from collections.abc import Iterator

import av
import numpy as np
from av.filter import Graph

from speech.parameters import MAX_SPEED, MIN_SPEED
from speech.pcm import PCM

# `atempo` overlaps windows of about 46 ms and looks for the best fit within the audio at hand.
# Frames of one size make its finds, and so the samples, independent of the caller's pieces.
_FRAMES_PER_S = 20
_EARLY_S = 0.0095
"""The part of its input by which a pass that slows down is ahead, as it prefers the later one of
two fits. As much silence before the audio puts every sound at its time."""


class Tempo:
    """Speaks `speed` times as fast (0.25 to 4); at 1 the audio passes through untouched.

    In all, `n` samples become `round(n / speed)`.
    """

    def __init__(self, speed: float, sample_rate: int) -> None:
        assert MIN_SPEED <= speed <= MAX_SPEED
        self._speed = speed
        self._sample_rate = sample_rate
        self._graph = None if speed == 1 else _graph(speed, sample_rate)
        self._frame_samples = sample_rate // _FRAMES_PER_S
        self._waiting = np.zeros(round(_early_s(speed) * sample_rate), np.float32)
        self._num_taken = 0
        self._num_given = 0

    def process(self, pcm: PCM) -> PCM:
        """Take mono `pcm`; return what is ready, if any."""
        if self._graph is None:
            return pcm
        self._num_taken += len(pcm)
        ready = self._filter(self._graph, pcm)
        self._num_given += len(ready)
        return ready

    def finish(self) -> PCM:
        """Return all that is left."""
        if self._graph is None:
            return np.empty(0, np.float32)
        # The filter drops what fills no window: silence pushes the last sound through.
        silence = np.zeros(self._sample_rate // 2, np.float32)
        rest = self._filter(self._graph, silence)
        return rest[: max(0, round(self._num_taken / self._speed) - self._num_given)]

    def _filter(self, graph: Graph, pcm: PCM) -> PCM:
        pcm = np.concatenate((self._waiting, pcm))
        num_whole = len(pcm) - len(pcm) % self._frame_samples
        self._waiting = pcm[num_whole:]
        ready = [self._waiting[:0]]
        for samples in pcm[:num_whole].reshape(-1, 1, self._frame_samples):
            frame = av.AudioFrame.from_ndarray(samples, "flt", "mono")
            frame.sample_rate = self._sample_rate
            graph.push(frame)
            ready.extend(_pull(graph))
        return np.concatenate(ready)


def _passes(speed: float) -> tuple[float, ...]:
    """Return the tempo of each pass: beyond a factor of 2 either way one would be audible."""
    return (speed,) if 0.5 <= speed <= 2 else (speed**0.5, speed**0.5)


def _early_s(speed: float) -> float:
    """Return how far ahead in its input the whole change of tempo is."""
    if speed >= 1:
        return 0.0
    first, *others = _passes(speed)
    return _EARLY_S * (1 + first * len(others))


def _graph(speed: float, sample_rate: int) -> Graph:
    graph = Graph()
    graph.threads = 1  # or each graph starts an idle thread per core
    graph.link_nodes(
        graph.add_abuffer(sample_rate=sample_rate, format="flt", layout="mono"),
        *(graph.add("atempo", str(tempo)) for tempo in _passes(speed)),
        graph.add("abuffersink"),
    ).configure()
    return graph


def _pull(graph: Graph) -> Iterator[PCM]:
    while True:
        try:
            frame = graph.pull()
        except BlockingIOError:  # it wants more input first
            return
        yield frame.to_ndarray()[0]
