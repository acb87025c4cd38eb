"""The preview engine: speech on any CPU, without model weights, from eSpeak NG (GPL-3).

It is no stand-in for the model: responses, logs and the health report name it `preview`. A voice
lends it nothing but its pitch, and of a job's parameters only the seed has an effect.
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from engine import espeak
from engine.pitch import median_pitch_hz
from engine.protocol import Job, Voice
from speech.breaks import SPEAKER_TAG
from speech.cache import SharedCache
from speech.errors import NotReady
from speech.pcm import PCM, SAMPLE_RATE_HZ

DEFAULT_PITCH_HZ = 110.0
"""Of the default voice, and of a reference in which nobody speaks."""

MAX_VOICES = 4096
"""Pitches remembered, by voice key."""

_MAX_PHRASE_CHARS = 200
_MIN_DURATION_S = 0.2  # of a job with nothing to pronounce
_BREAKS = tuple(re.compile(mark) for mark in (r"[.!?][\"')\]]*\s", r"[,;:]\s", r"\s"))
_PITCH_BYTES = 8
_CLOSED = "The preview engine is closed"

_logger = logging.getLogger(__name__)


class PreviewEngine:
    """Speaks one phrase at a time on one thread, the open jobs taking turns.

    A phrase is synthesised as a whole, and the next one only when the consumer asks for it, so
    nobody holds the thread by reading slowly. A consumer that never pauses, as Ray Serve's streams
    do not, is given the job as fast as it can be spoken and has to hold what it cannot pass on.
    """

    name = "preview"
    device = "cpu"

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="preview")
        self._pitches = SharedCache[str, float](MAX_VOICES * _PITCH_BYTES, lambda _: _PITCH_BYTES)
        self._stops: set[threading.Event] = set()
        self._closed = False
        self._num_jobs = 0
        self._num_cancelled = 0
        self._num_samples = 0
        espeak.load()
        _logger.info("preview engine ready: eSpeak NG on the CPU, not the Echo-TTS model")

    async def generate(
        self, job: Job, voice: Voice | None, on_start: Callable[[], None]
    ) -> AsyncGenerator[PCM, None]:
        """Yield the job's PCM phrase by phrase.

        Raises:
            NotReady: When the engine is closed, also meanwhile.
            SpeechError: When the reference cannot be fetched or eSpeak refuses.
        """
        if self._closed:
            raise NotReady(_CLOSED)
        stop = threading.Event()
        self._stops.add(stop)
        self._num_jobs += 1
        try:
            draw = np.random.default_rng(job.seed % 2**64)
            semitones, tempo = draw.uniform(-0.25, 0.25), draw.uniform(0.97, 1.03)
            pitch_hz = await self._pitch_hz(voice) * 2 ** (semitones / 12)
            missing = round(_MIN_DURATION_S * SAMPLE_RATE_HZ)
            announce: Callable[[], None] | None = on_start
            for phrase in _phrases(SPEAKER_TAG.sub(" ", job.text)):
                seed = int(draw.integers(2**31))
                speak = partial(espeak.speak, phrase, pitch_hz, tempo, seed, stop)
                pcm = await self._take_turn(speak, stop, announce)
                announce = None
                self._num_samples += len(pcm)
                missing -= len(pcm)
                yield pcm
            if missing > 0:
                yield np.zeros(missing, np.float32)
        except (asyncio.CancelledError, GeneratorExit):
            self._num_cancelled += 1
            raise
        finally:
            stop.set()
            self._stops.discard(stop)

    def stats(self) -> dict[str, float]:
        """Return jobs, cancelled jobs, seconds of audio, and how often a voice was known."""
        voices = self._pitches.stats()
        return {
            "jobs": self._num_jobs,
            "jobs_open": len(self._stops),
            "jobs_cancelled": self._num_cancelled,
            "audio_seconds": self._num_samples / SAMPLE_RATE_HZ,
            "speaker_cache_voices": voices.entries,
            "speaker_cache_hits": voices.hits,
            "speaker_cache_misses": voices.misses,
            "speaker_cache_evictions": voices.evictions,
        }

    def close(self) -> None:
        """End every open job with `NotReady` and let the thread go."""
        self._closed = True
        for stop in tuple(self._stops):
            stop.set()
        self._thread.shutdown(wait=False)

    async def _take_turn(
        self,
        speak: Callable[[], PCM],
        stop: threading.Event,
        announce: Callable[[], None] | None,
    ) -> PCM:
        loop = asyncio.get_running_loop()

        def turn() -> PCM:
            if announce is not None and not stop.is_set():
                loop.call_soon_threadsafe(announce)
            return speak()

        if not stop.is_set():
            pcm = await loop.run_in_executor(self._thread, turn)
        if stop.is_set():
            raise NotReady(_CLOSED)
        return pcm

    async def _pitch_hz(self, voice: Voice | None) -> float:
        if voice is None:
            return DEFAULT_PITCH_HZ
        return await self._pitches.get(voice.key, partial(self._measure_pitch_hz, voice))

    async def _measure_pitch_hz(self, voice: Voice) -> float:
        reference = await voice.load()
        measured = await asyncio.to_thread(median_pitch_hz, reference, SAMPLE_RATE_HZ)
        return DEFAULT_PITCH_HZ if measured is None else measured


def _phrases(text: str) -> Iterator[str]:
    """Cut `text` where a reader would breathe, into pieces of at most `_MAX_PHRASE_CHARS`."""
    while len(text) > _MAX_PHRASE_CHARS:
        head = text[:_MAX_PHRASE_CHARS]
        ends = ([match.end() for match in mark.finditer(head)] for mark in _BREAKS)
        cut = next((positions[-1] for positions in ends if positions), len(head))
        yield text[:cut]
        text = text[cut:]
    yield text
