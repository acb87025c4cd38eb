"""An engine, added as any is: one module, and one line in `ENGINES`."""

import numpy as np
from pydantic import BaseModel

from engine import EngineEntry
from engine.protocol import JobAudio
from speech.limits import PassLimits
from speech.parameters import ModelParameters
from speech.pcm import SAMPLE_RATE_HZ
from speech.text.words import find_words
from speech.timestamps import TimedWord

CHARS_PER_S = 15


class ToneOptions(BaseModel):
    """None so far."""


def tone_entry(module="tests.deployments.tone", class_name="ToneEngine"):
    """The row of this engine, or of one like it, in `ENGINES`."""
    limits = PassLimits(max_text_bytes=762, max_frames=640, max_speech_s=25.0)
    return EngineEntry(module, class_name, ToneOptions, limits, uses_gpu=False)


def _even_words(text):
    """Return the words of `text` as if each letter took as long as any other."""
    return [
        TimedWord(word.text, word.start / CHARS_PER_S, word.stop / CHARS_PER_S)
        for word in find_words(text)
    ]


class ToneEngine:
    """Hums as long as a reader would read, in pieces of a second; another tone for another seed."""

    def __init__(self, options, max_waiting_jobs):
        pass

    name = "tone"
    device = "cpu"
    defaults = ModelParameters()
    warning = None
    is_loaded = True

    async def generate(self, job, voice, on_start):
        on_start()
        if voice is not None:
            await voice.load()
        times = np.arange(1 + len(job.text) * SAMPLE_RATE_HZ // CHARS_PER_S) / SAMPLE_RATE_HZ
        pcm = (0.3 * np.sin(2 * np.pi * (100 + job.seed % 400) * times)).astype(np.float32)
        words = _even_words(job.text) if job.timestamps else []
        for start in range(0, len(pcm), SAMPLE_RATE_HZ):
            part = pcm[start : start + SAMPLE_RATE_HZ]
            start_s, end_s = start / SAMPLE_RATE_HZ, (start + len(part)) / SAMPLE_RATE_HZ
            yield JobAudio(part, [word for word in words if start_s < word.end <= end_s])

    async def check_health(self):
        pass

    def stats(self):
        return {}

    def close(self):
        pass
