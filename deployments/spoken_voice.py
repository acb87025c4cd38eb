"""The voice of a request that names none: the one in which its first words were spoken.

Without a reference a model makes up a speaker for every chunk (decision 0018). So the audio of the
first chunk is the reference of the others, whichever samplers they come to. Where nobody hears it
before all is spoken, the first words are rehearsed: then they have the reference as well.
"""

from __future__ import annotations

import asyncio

import numpy as np

from deployments.prepared_voice import PreparedVoice, content_key
from speech.pcm import MIN_PEAK, PCM, SAMPLE_RATE_HZ

MAX_SAMPLES = 10 * SAMPLE_RATE_HZ
"""The longest reference: more changes nothing, and it travels with each job."""
ENOUGH_SAMPLES = 5 * SAMPLE_RATE_HZ
"""The length from which a reference is good; until then each job adds to it."""


class SpokenVoice:
    """Gathers the reference from the audio of the jobs that have no voice of their own.

    Jobs are spoken one at a time, the first without a voice, until there is enough audio.

    Attributes:
        voice: The voice of the next job; None while nothing audible has been spoken.
        is_complete: Whether it is that of all further jobs.
    """

    def __init__(self) -> None:
        self.voice: PreparedVoice | None = None
        self._audio: list[PCM] = []
        self._num_samples = 0
        self.is_complete = False
        self._turn = asyncio.Event()
        self._turn.set()

    async def wait_turn(self) -> None:
        """Return when `voice` is what the next job is spoken with."""
        await self._turn.wait()
        if not self.is_complete:
            self._turn.clear()

    def add(self, pcm: PCM) -> None:
        """Take the next audio of the job being spoken; what is longer than needed is ignored."""
        if not self.is_complete and (part := pcm[: MAX_SAMPLES - self._num_samples]).size:
            self._audio.append(part)
            self._num_samples += len(part)

    def end_job(self) -> None:
        """Let the next job be spoken with the audio that has been added."""
        if not self.is_complete:
            self.voice = self._make()
            self.is_complete = self.voice is not None and self._num_samples >= ENOUGH_SAMPLES
        self._turn.set()

    def end_rehearsal(self) -> None:
        """Let all jobs be spoken with what has been rehearsed, if it is audible."""
        self.is_complete = self.voice is not None

    def _make(self) -> PreparedVoice | None:
        audio = np.concatenate([*self._audio, np.empty(0, np.float32)])
        peak = np.abs(audio).max(initial=0)
        if peak < MIN_PEAK:
            self._audio, self._num_samples = [], 0
            return None
        if peak > 1:
            audio /= peak
        return PreparedVoice("", content_key(audio), audio.size, audio)
