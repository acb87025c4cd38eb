"""The contract between an engine and the Sampler that hosts it.

An engine turns jobs (one chunk of text each) into audio. It schedules many jobs at once, caches
encoded voices by voice key, and knows nothing of Ray, HTTP or files. Its constructor loads it and
warms it up: it takes jobs as soon as that returns.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

from speech.parameters import GivenParameters, ModelParameters
from speech.pcm import PCM
from speech.timestamps import TimedWord

Fault = Literal["silent", "early", "cut"]
"""A reason to doubt a take: nothing is heard, it ends far too soon for the text, or the speech did
not end within the pass; the worst first."""
FAULTS: tuple[Fault, ...] = get_args(Fault)

LoadReference = Callable[[], Awaitable[PCM]]
"""Fetches a voice's reference audio: at most 300 s, read-only (copy before writing)."""


@dataclass(frozen=True)
class Voice:
    """A voice as an engine sees it.

    Attributes:
        key: Names the audio's content: equal keys, equal audio.
        load: Fetches the audio. An engine calls it only when it holds nothing for `key`.
    """

    key: str
    load: LoadReference


@dataclass(frozen=True)
class Job:
    """One chunk of text to speak.

    Attributes:
        text: The text to speak, non-blank.
        seed: Fixes every random draw: same job, same voice, same checkpoint and kind of device,
            same samples, up to the rounding described at `Engine.generate`.
        parameters: The parameters that the caller gave, each valid; the model's own
            defaults hold for the others. An engine ignores those that it does not know.
        stream: Whether the caller wants audio early, in blocks; else it waits for the whole.
        request_id: The request it belongs to: the jobs of one do not hold up another's.
        timestamps: Whether the caller wants to know when each word is said.
    """

    text: str
    seed: int
    parameters: GivenParameters = field(default_factory=dict)
    stream: bool = False
    request_id: str = ""
    timestamps: bool = False


@dataclass(frozen=True)
class JobAudio:
    """A part of a job's audio.

    Attributes:
        pcm: Mono float32 at 44.1 kHz, shape (num_samples,); follows the part before.
        words: The words of the job's text whose times have become certain, in order; in seconds
            from the start of the job's audio. All parts together hold every word of
            `speech.text.words.find_words`, if the job asks for them.
        fault: With the last part, a reason to doubt the job's audio, if there is one.
    """

    pcm: PCM
    words: Sequence[TimedWord] = ()
    fault: Fault | None = None


class Engine(Protocol):
    """One model on one device."""

    @property
    def name(self) -> str:
        """The name of the loaded model, such as `echo-tts-base`; reported to callers."""

    @property
    def defaults(self) -> ModelParameters:
        """Parameters where a request gives none."""

    device: str
    """The device that it runs on, such as `cpu` or `cuda`."""

    @property
    def warning(self) -> str | None:
        """The reason why it is slower than it should be, in one line; None if it is not."""

    @property
    def is_loaded(self) -> bool:
        """Whether the model is in memory; if it is not, the next job loads it."""

    def generate(
        self, job: Job, voice: Voice | None, on_start: Callable[[], None]
    ) -> AsyncGenerator[JobAudio, None]:
        """Yield the job's audio in order, in one or more parts.

        Jobs run side by side; a job's samples depend on its neighbours in nothing but rounding,
        where a device computes a batch in another order than a job alone (decision 0010). Closing
        the generator (or cancelling the task that iterates it) frees the job within one step.
        `on_start` is called in the event loop when the job's turn has come.

        Raises:
            SpeechError: This job failed; other jobs go on.
        """

    async def check_health(self) -> None:
        """Return while jobs can succeed, and raise once none can: then only a new process helps."""

    def stats(self) -> dict[str, float]:
        """Return current gauges and running totals, by name."""

    def close(self) -> None:
        """Stop running jobs and free the device; closing twice is fine."""
