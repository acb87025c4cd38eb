"""The mix of a track's channels: their mean, or one of them if they cancel each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from speech.decoding.audio import Block
from speech.resampling import Mono

MAX_LEFT = 0.05
"""Channels cancel where less than this part is left of the power that their mean would have if
they were unrelated. The part is 1 for a voice on one of any number of channels, and 1 + r for two
equally loud channels that correlate by r; two microphones leave more than 0.14 (decision 0015)."""


@dataclass(frozen=True)
class Run:
    """Consecutive audio of one form, mixed.

    Attributes:
        loudest: The channel to take instead where all of them cancel each other, else None.
    """

    rate_hz: int
    mono: Mono
    loudest: int | None


def mix(blocks: Iterable[Block], channels: Sequence[int | None] = ()) -> Iterator[Run]:
    """Mix each run of blocks of one form (rate, number of channels) to mono.

    Args:
        blocks: The blocks of a track in order of time.
        channels: The channel to take in each run, None for the mean of all.
    """
    for number, (form, alike) in enumerate(groupby(blocks, key=_form)):
        rate_hz, num_channels = form
        channel = channels[number] if number < len(channels) else None
        meter = _Meter(num_channels)
        pieces = []
        for block in alike:
            if channel is None:
                pieces.append(meter.mean(block))
            else:
                pieces.append(block.samples[:, channel].copy())  # a view would hold all channels
        mono = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
        yield Run(rate_hz, mono, meter.loudest_of_cancelling())


class _Meter:
    """A mixer of channels that measures how much power their mean has left, offsets aside."""

    def __init__(self, num_channels: int) -> None:
        self._weights = np.full(num_channels, 1 / num_channels, np.float32)
        self._num_samples = 0
        self._channel_energy = np.zeros(num_channels)
        self._channel_sum = np.zeros(num_channels)
        self._mean_energy = 0.0

    def mean(self, block: Block) -> Mono:
        """Return the mean of a block's channels, and measure it."""
        samples = block.samples
        # Not finite where a file's samples are not, or are too large: the caller refuses them.
        with np.errstate(over="ignore", invalid="ignore"):
            mono: Mono = samples @ self._weights  # ten times as fast as mean()
            if len(self._weights) > 1:
                self._num_samples += len(samples)
                self._channel_energy += np.einsum("nc,nc->c", samples, samples)
                self._channel_sum += np.ones(len(samples), np.float32) @ samples
                self._mean_energy += float(mono @ mono)
        return mono

    def loudest_of_cancelling(self) -> int | None:
        """Return the loudest channel if the blocks so far cancel, else None."""
        num_samples = max(1, self._num_samples)
        with np.errstate(over="ignore", invalid="ignore"):
            channel_energy = self._channel_energy - self._channel_sum**2 / num_samples
            mean_sum = float(self._channel_sum @ self._weights)
            mean_energy = self._mean_energy - mean_sum**2 / num_samples
        unrelated = float(channel_energy.sum()) / len(self._weights) ** 2
        if mean_energy < MAX_LEFT * unrelated:
            return int(channel_energy.argmax())
        return None


def _form(block: Block) -> tuple[int, int]:
    return block.rate_hz, block.samples.shape[1]
