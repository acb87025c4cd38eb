"""What is known of a request, while it is spoken and after: for metadata, log line, metrics."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from speech.formats import FORMATS
from speech.pcm import FRAME_SAMPLES, SAMPLE_RATE_HZ
from speech.request import SpeechRequest

Door = Literal["http", "runpod"]
"""Which way a request came in."""


@dataclass
class Timings:
    """Where a request's time went, in seconds; `queue` is its first job's wait."""

    queue: float = 0.0
    voice: float = 0.0
    generate: float = 0.0
    encode: float = 0.0
    total: float = 0.0


@dataclass
class Outcome:
    """What is known about a request so far.

    Attributes:
        door: Which way it came in.
        result: `completed`, `cancelled` or the code of an error, once it ended.
        streamed: Whether audio leaves as it is made.
        num_chars: Length of its text.
        num_samples: Length of its audio, at 44.1 kHz.
        first_audio_s: From acceptance to the first packet, or to the whole answer.
    """

    door: Door
    result: str = ""
    streamed: bool = False
    num_chars: int = 0
    voice_key: str | None = None
    engine: str = ""
    device: str = ""
    chunks: int = 0
    num_samples: int = 0
    first_audio_s: float | None = None
    timings: Timings = field(default_factory=Timings)

    @property
    def duration_s(self) -> float:
        """Length of the audio."""
        return self.num_samples / SAMPLE_RATE_HZ

    @property
    def real_time_factor(self) -> float | None:
        """Seconds of generation per second of audio, None while there is none."""
        return self.timings.generate / self.duration_s if self.num_samples else None

    @property
    def num_frames(self) -> int:
        """Length of the audio in latent frames, begun ones included."""
        return -(-self.num_samples // FRAME_SAMPLES)

    def metadata(self, request: SpeechRequest) -> dict[str, Any]:
        """Return the contract's `metadata`, complete once all audio is out."""
        row = FORMATS[request.output_format]
        return {
            "sample_rate": request.sample_rate,
            "codec": row.codec,
            **({} if row.bitrate is None else {"bitrate": row.bitrate}),
            "duration": round(self.duration_s, 3),
            "seed": request.seed,
            "device": self.device,
            "engine": self.engine,
            "chunks": self.chunks,
            "timings": {name: round(1000 * s, 1) for name, s in vars(self.timings).items()},
        }

    def __str__(self) -> str:
        """Return one line for the log: nothing of what was said, and no name."""
        values = {
            "door": self.door,
            "streamed": str(self.streamed).lower(),
            "engine": self.engine or None,
            "voice": self.voice_key,
            "chars": self.num_chars,
            "chunks": self.chunks,
            "audio_s": f"{self.duration_s:.2f}",
            "rtf": _shown(self.real_time_factor, 3),
            "first_audio_ms": _shown(self.first_audio_s, scale=1000),
            **{f"{name}_ms": _shown(s, scale=1000) for name, s in vars(self.timings).items()},
        }
        return " ".join(
            f"{name}={'-' if value is None else value}" for name, value in values.items()
        )


def _shown(value: float | None, digits: int = 0, scale: float = 1) -> str | None:
    return None if value is None else f"{scale * value:.{digits}f}"
