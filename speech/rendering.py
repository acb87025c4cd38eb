"""The last stage of a request: its PCM through the change of tempo into the encoder."""

from __future__ import annotations

import time
from collections.abc import Iterator

from speech.encoding import Encoder
from speech.formats import FORMATS
from speech.pcm import PCM, SAMPLE_RATE_HZ
from speech.request import SpeechRequest
from speech.tempo import Tempo

PIECE_S = 4.0
"""The longest audio to render at a time. A pause of minutes then takes little memory, and a message
of a WebSocket stays below the mebibyte at which many clients give up, in base64 as well."""


class Renderer:
    """Renders pieces of PCM in order; used by one thread at a time.

    Attributes:
        num_samples: Rendered so far, at 44.1 kHz and after the change of tempo.
        busy_s: Time it took.
    """

    def __init__(self, request: SpeechRequest, *, whole: bool) -> None:
        """`whole`: hold everything back until `finish`, for a file with a true header."""
        self.num_samples = 0
        self.busy_s = 0.0
        self._piece_samples = round(PIECE_S * request.speed * SAMPLE_RATE_HZ)
        self._tempo = Tempo(request.speed, SAMPLE_RATE_HZ)
        self._encoder = Encoder(
            FORMATS[request.output_format],
            SAMPLE_RATE_HZ,
            request.sample_rate,
            whole=whole,
            limits_peaks=request.loudness is not None,
        )

    def pieces(self, pcm: PCM) -> Iterator[PCM]:
        """Yield `pcm` in pieces of at most `PIECE_S`, nothing if it is empty."""
        for start in range(0, len(pcm), self._piece_samples):
            yield pcm[start : start + self._piece_samples]

    def render(self, pcm: PCM) -> bytes:
        """Take PCM; return what is ready, if any."""
        started = time.perf_counter()
        packet = self._encode(self._tempo.process(pcm))
        self.busy_s += time.perf_counter() - started
        return packet

    def finish(self) -> bytes:
        """Return all that is left."""
        started = time.perf_counter()
        packet = self._encode(self._tempo.finish()) + self._encoder.finish()
        self.busy_s += time.perf_counter() - started
        return packet

    def _encode(self, pcm: PCM) -> bytes:
        self.num_samples += len(pcm)
        return self._encoder.encode(pcm)
