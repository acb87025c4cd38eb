"""What is known of a request while it is spoken and after: for its metadata and its log line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from speech.formats import FORMATS
from speech.parameters import GivenParameters
from speech.pcm import FRAME_SAMPLES, SAMPLE_RATE_HZ
from speech.request import SpeechRequest


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
    """What is known about an utterance so far."""

    voice_key: str | None = None
    engine: str = ""
    device: str = ""
    parameters: GivenParameters = field(default_factory=dict)
    chunks: int = 0
    num_samples: int = 0
    timings: Timings = field(default_factory=Timings)

    @property
    def duration_s(self) -> float:
        """Length of the audio."""
        return self.num_samples / SAMPLE_RATE_HZ

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
            "parameters": self.parameters,
            "chunks": self.chunks,
            "timings": {name: round(1000 * s, 1) for name, s in vars(self.timings).items()},
        }

    def __str__(self) -> str:
        """Return one line for the log: nothing of what was said, and no name."""
        timings = " ".join(f"{name}_ms={1000 * s:.0f}" for name, s in vars(self.timings).items())
        return (
            f"engine={self.engine or '-'} voice={self.voice_key or '-'} chunks={self.chunks} "
            f"audio_s={self.duration_s:.2f} {timings}"
        )
