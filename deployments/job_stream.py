"""The audio of one job, drawn again on another replica where the one that draws it is lost.

A job is deterministic: drawn again it gives the same samples, to the bit on a CPU and up to
rounding on a GPU. So a stream goes on at the sample where it stopped.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from deployments.handles import is_replica_loss, unwrap
from deployments.sampler import PCMBlock
from speech.errors import SamplerLost
from speech.pcm import PCM, SAMPLE_RATE_HZ

logger = logging.getLogger(__name__)

PAUSES_S = (0.0, 10.0)
"""The pause before each further draw; a job that may itself be what ends replicas gets no more.

By the last one, Ray Serve has replaced a replica that answers and whose GPU is lost."""
FADE_SAMPLES = SAMPLE_RATE_HZ // 100
_FADE = np.linspace(1, 0, FADE_SAMPLES, dtype=np.float32)
_NO_STEP = _FADE[:0]


class JobStream:
    """The blocks of one job.

    Args:
        start: Begins to draw the job, on whichever replica is free; returns a streaming response.
        on_redraw: Called when the job is drawn again.
    """

    def __init__(self, start: Callable[[], Any], on_redraw: Callable[[], None]) -> None:
        self._start = start
        self._on_redraw = on_redraw
        self._response = start()
        self._num_redraws = 0
        self._num_samples = 0
        self._last_sample = 0.0
        self._num_words = 0
        self._num_to_skip = 0
        self._num_words_to_skip = 0
        self._step = _NO_STEP

    async def next_block(self) -> PCMBlock | None:
        """Return the next block, or None after the last.

        Raises:
            SpeechError: The job failed.
        """
        while True:
            try:
                block: PCMBlock | None = await anext(self._response, None)
            except Exception as error:
                if not is_replica_loss(error):
                    raise unwrap(error) from None
                if self._num_redraws == len(PAUSES_S):
                    raise SamplerLost.retry_later() from error
                await self._draw_again(error)
                continue
            if block is None:
                return None
            if (block := self._unheard(block)) is not None:
                return block

    def restart(self, start: Callable[[], Any]) -> None:
        """Draw the job again as `start` does from now on, and go on where the audio stopped."""
        self.cancel()
        self._start = start
        self._num_to_skip = self._num_samples
        self._num_words_to_skip = self._num_words
        self._response = start()

    def cancel(self) -> None:
        """Free the job in the sampler: leaving its response early does not."""
        self._response.cancel()

    async def _draw_again(self, error: Exception) -> None:
        logger.warning("a sampler was lost (%s), its job is drawn again", type(error).__name__)
        self._on_redraw()
        await asyncio.sleep(PAUSES_S[self._num_redraws])
        self._num_redraws += 1
        self.restart(self._start)

    def _unheard(self, block: PCMBlock) -> PCMBlock | None:
        """Return the part of `block` that was not given out before a redraw, None if there is none.

        Where a redraw goes on, the last sample given out and its twin may differ by rounding; the
        difference fades out over 10 ms, so that there is no click. Without one nothing changes.
        """
        skipped, pcm = block.pcm[: self._num_to_skip], block.pcm[self._num_to_skip :]
        words = block.words[self._num_words_to_skip :]
        self._num_to_skip -= len(skipped)
        self._num_words_to_skip -= len(block.words) - len(words)
        if skipped.size:
            self._step = (self._last_sample - skipped[-1]) * _FADE
            if not (pcm.size or words):
                return None
        if pcm.size:
            pcm = self._without_step(pcm)
            self._last_sample = float(pcm[-1])
        self._num_samples += len(pcm)
        self._num_words += len(words)
        return replace(block, pcm=pcm, words=words)

    def _without_step(self, pcm: PCM) -> PCM:
        """Return `pcm` with what is left of the step to it."""
        step, self._step = self._step[: len(pcm)], self._step[len(pcm) :]
        if not step.any():
            return pcm
        pcm = pcm.copy()
        pcm[: len(step)] += step
        return pcm
