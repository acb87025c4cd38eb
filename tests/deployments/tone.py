"""An engine, added as any is: one module, and one line in `ENGINES`."""

import numpy as np

from speech.pcm import SAMPLE_RATE_HZ

CHARS_PER_S = 15


class ToneEngine:
    """Hums as long as a reader would read, in pieces of a second; another tone for another seed."""

    name = "tone"
    device = "cpu"

    async def generate(self, job, voice, on_start):
        on_start()
        if voice is not None:
            await voice.load()
        times = np.arange(1 + len(job.text) * SAMPLE_RATE_HZ // CHARS_PER_S) / SAMPLE_RATE_HZ
        pcm = (0.3 * np.sin(2 * np.pi * (100 + job.seed % 400) * times)).astype(np.float32)
        for start in range(0, len(pcm), SAMPLE_RATE_HZ):
            yield pcm[start : start + SAMPLE_RATE_HZ]

    async def check_health(self):
        pass

    def stats(self):
        return {}

    def close(self):
        pass
