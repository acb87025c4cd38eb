"""The record of one request, filled in while it is spoken: for metadata, log line and metrics."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from speech.errors import InvalidRequest, SpeechError, shorten
from speech.formats import FORMATS
from speech.pcm import FRAME_SAMPLES, SAMPLE_RATE_HZ
from speech.request import SpeechRequest
from speech.timestamps import TimedWord
from speech.voice_names import PARAM as VOICE_PARAM

MAX_FILE_CHARS = 128
"""The most characters of the voice files' names in the log line."""
MAX_REASON_CHARS = 200
"""The most characters of an error's message there."""
RequestSource = Literal["http", "websocket", "runpod"]
"""The interface a request came in through."""


@dataclass
class Timings:
    """The time a request spent in each stage, in seconds; `queue` is the wait of its first job."""

    queue: float = 0.0
    voice: float = 0.0
    generate: float = 0.0
    encode: float = 0.0
    total: float = 0.0


@dataclass
class RequestRecord:
    """Everything known about a request so far. Its clock starts when it is made.

    Attributes:
        request_id: The id that the caller knows the request by.
        source: The interface it came in through.
        streamed: Whether audio leaves as it is made.
        num_chars: Length of its text.
        result: `completed`, `cancelled` or the code of an error; empty until it ends.
        reason: Why it failed; of what is not valid only the field, as the error's line may repeat
            what was sent. Empty if it did not.
        voice_key: Key of the file's voice that speaks, or None for one made up.
        voice_files: Paths of the voice files that speak, below the voices folder, links followed.
        engine: Name of the model that speaks; empty until the first audio.
        device: The device that the model runs on; empty until the first audio.
        num_chunks: Number of passes its text is spoken in.
        num_samples: Length of its audio, at 44.1 kHz.
        num_redraws: Jobs drawn again because their sampler was lost.
        faulty_takes: Chunks whose audio is doubtful, with the fault; see `JobAudio.fault`.
        first_audio_s: From acceptance to the first packet, or to the whole answer.
        words: Those of the text whose times are known, in order, if the caller asked for them.
    """

    request_id: str
    source: RequestSource
    streamed: bool = False
    num_chars: int = 0
    result: str = ""
    reason: str = ""
    voice_key: str | None = None
    voice_files: list[str] = field(default_factory=list)
    engine: str = ""
    device: str = ""
    num_chunks: int = 0
    num_samples: int = 0
    num_redraws: int = 0
    faulty_takes: list[tuple[int, str]] = field(default_factory=list)
    first_audio_s: float | None = None
    words: list[TimedWord] = field(default_factory=list)
    timings: Timings = field(default_factory=Timings)
    _started: float = field(default_factory=time.perf_counter)

    def text_received(self, num_chars: int) -> None:
        """Note that text of a request that arrives in parts is spoken."""
        self.num_chars += num_chars

    def planned(self, num_chunks: int) -> None:
        """Note that the text is spoken in `num_chunks` passes."""
        self.num_chunks = num_chunks

    @contextmanager
    def preparing_voice(self) -> Iterator[None]:
        """Count the time inside as that of the voice, also where it ends in an error."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.timings.voice += time.perf_counter() - started

    def voice_prepared(self, file: str, key: str) -> None:
        """Note the name of the file and the key of a voice that speaks, or is prepared again."""
        if file not in self.voice_files:
            self.voice_files.append(file)
        self.voice_key = key

    def audio_received(self, engine: str, device: str, queue_s: float, waited_s: float) -> None:
        """Note that audio came from a sampler after a wait; the first job's queueing counts apart.

        Args:
            engine: Name of the model that speaks.
            device: The device that it runs on.
            queue_s: Seconds the job waited for its turn.
            waited_s: Seconds spent waiting for this audio, `queue_s` included.
        """
        self.timings.generate += waited_s
        if not self.engine:
            self.engine, self.device = engine, device
            self.timings.queue = queue_s
            self.timings.generate -= queue_s

    def redrawn(self) -> None:
        """Note that a job is drawn again because its sampler was lost."""
        self.num_redraws += 1

    def take_is_faulty(self, chunk: int, fault: str) -> None:
        """Note that the audio of a chunk, counted from 0, is doubtful."""
        self.faulty_takes.append((chunk, fault))

    def timed(self, words: Iterable[TimedWord]) -> None:
        """Note that the times of the next words are known."""
        self.words += words

    def rendered(self, num_samples: int, busy_s: float) -> None:
        """Note how much audio has been encoded so far, and how long that took in all."""
        self.num_samples = num_samples
        self.timings.encode = busy_s

    def delivered(self) -> None:
        """Note that a packet, or the whole answer, left; the first one counts."""
        if self.first_audio_s is None:
            self.first_audio_s = self._elapsed_s()

    def ended(self, result: str) -> None:
        """Note how the request ended."""
        self.result = result
        self.timings.total = self._elapsed_s()

    def failed(self, error: SpeechError) -> None:
        """Note the error that the request ended with."""
        is_private = isinstance(error, InvalidRequest) and error.param != VOICE_PARAM
        self.reason = (is_private and error.param) or error.message
        self.ended(error.code)

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
        """Return the contract's `metadata`; complete once all audio is out."""
        row = FORMATS[request.output_format]
        return {
            "sample_rate": request.sample_rate,
            "codec": row.codec,
            **({} if row.bitrate is None else {"bitrate": row.bitrate}),
            "duration": round(self.duration_s, 3),
            "seed": request.seed,
            "device": self.device,
            "engine": self.engine,
            "chunks": self.num_chunks,
            **({"faulty_takes": self._faults()} if self.faulty_takes else {}),
            **({"words": word_times(self.words)} if request.timestamps else {}),
            "timings": {name: round(1000 * s, 1) for name, s in vars(self.timings).items()},
        }

    def __str__(self) -> str:
        """Return one line for the log, with nothing of what was said."""
        values = {
            "source": self.source,
            "streamed": str(self.streamed).lower(),
            "engine": self.engine or None,
            "voice": self.voice_key,
            "voice_file": _quoted(", ".join(self.voice_files), MAX_FILE_CHARS),
            "chars": self.num_chars,
            "chunks": self.num_chunks,
            "redrawn": self.num_redraws,
            "faulty": len(self.faulty_takes),
            "audio_s": f"{self.duration_s:.2f}",
            "rtf": _shown(self.real_time_factor, 3),
            "first_audio_ms": _shown(self.first_audio_s, scale=1000),
            **{f"{name}_ms": _shown(s, scale=1000) for name, s in vars(self.timings).items()},
            "reason": _quoted(self.reason, MAX_REASON_CHARS),
        }
        return " ".join(
            f"{name}={'-' if value is None else value}" for name, value in values.items()
        )

    def _faults(self) -> list[dict[str, Any]]:
        return [{"chunk": chunk, "fault": fault} for chunk, fault in self.faulty_takes]

    def _elapsed_s(self) -> float:
        return time.perf_counter() - self._started


def word_times(words: Iterable[TimedWord]) -> list[dict[str, Any]]:
    """Return words as the contract has them, to the millisecond."""
    return [
        {"word": word.word, "start": round(word.start, 3), "end": round(word.end, 3)}
        for word in words
    ]


def _shown(value: float | None, digits: int = 0, scale: float = 1) -> str | None:
    return None if value is None else f"{scale * value:.{digits}f}"


def _quoted(text: str, max_chars: int) -> str | None:
    """Return a caller's text as a JSON string in ASCII without a space or an equals sign.

    So a line of the log still splits at spaces into `name=value`. None where there is no text.
    """
    if not text:
        return None
    quoted = json.dumps(shorten(text, max_chars))
    return quoted.replace(" ", r"\u0020").replace("=", r"\u003d").replace("\x7f", r"\u007f")
