"""One chunk of text on its way through the engine: what the scheduler, runner and engine share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat

import torch
from torch import Tensor

from engine.echo.alignment import Floats
from engine.echo.codecs.protocol import DecodeStream
from engine.echo.config import MAX_FRAMES, EchoConfig
from engine.echo.denoise import Trajectory
from engine.echo.length import likely_frames
from engine.echo.model.tokenizer import tokenize
from engine.echo.sampling import Progress, make_plan
from engine.echo.word_timer import WordTimer
from engine.protocol import Job
from speech.errors import SpeechError
from speech.parameters import complete
from speech.pcm import PCM

MIN_BLOCK_FRAMES = 32
"""What is left of a streaming job is no block of its own below this."""


@dataclass
class Outcome:
    """What one tick brought a job: audio, its end, or its failure."""

    pcm: PCM | None = None
    ended: bool = False
    error: SpeechError | None = None
    looks: Floats | None = None
    """(frames, bytes), how all frames so far look at the text, of a job that is timed."""


@dataclass(eq=False)
class EchoJob:
    """A job with its progress.

    Attributes:
        tokens: Of its text.
        seed: Of its noise.
        progress: Where it stands.
        request_id: Whose job it is.
        voice_key: Names its voice; None without one.
        reference: The voice's audio, until it is encoded, where nothing is held of the voice.
        heard: Latents of what is encoded of it so far.
        speaker_state: What was held of the voice when the job came, or made of `heard`.
        may_extend: Whether it is drawn again at full length if the speech does not end.
        on_start: To be called when its turn has come.
        outcomes: What the runner made of it, for whoever waits.
        streams: Whether it is decoded piece by piece, not at the end.
        trajectory: Its tensors once it has started.
        stream: Where its piecewise decode stands, once it has started.
        num_sent: Frames whose audio went out.
        timer: Tells when its words are said; None where nobody asks.
        looks: How the frames of each block look at the text, of a job that is timed.
    """

    tokens: list[int]
    seed: int
    progress: Progress
    request_id: str = ""
    voice_key: str | None = None
    reference: PCM | None = None
    heard: list[Tensor] = field(default_factory=list)
    speaker_state: Tensor | None = None
    may_extend: bool = False
    streams: bool = False
    on_start: Callable[[], None] | None = None
    outcomes: asyncio.Queue[Outcome] = field(default_factory=asyncio.Queue)
    trajectory: Trajectory | None = None
    stream: DecodeStream = None
    num_sent: int = 0
    timer: WordTimer | None = None
    looks: list[Tensor] = field(default_factory=list)

    @property
    def lane_frames(self) -> int:
        """What its next step adds to a forward pass: nothing while its voice is being encoded."""
        return 0 if self.reference is not None else self.progress.lane_frames

    def announce_start(self) -> None:
        """Call `on_start`, once."""
        if self.on_start is not None:
            self.on_start()
            self.on_start = None


def make_job(
    job: Job,
    voice_key: str | None,
    config: EchoConfig,
    stream_blocks: Sequence[int],
    dtype: torch.dtype,
) -> EchoJob:
    """Return the engine's form of `job`.

    Args:
        job: What the caller wants.
        voice_key: Names the voice; None without one.
        config: The checkpoint's.
        stream_blocks: Frames of a streaming job's blocks, the last of which repeats; none where
            the model cannot stream, and the job is drawn whole.
        dtype: Of the model.

    Raises:
        InvalidRequest: When the job's parameters do not go with the checkpoint's, or its text is
            too long for one pass.
    """
    parameters = complete(job.parameters, config.defaults)
    streams = job.stream and bool(stream_blocks)
    length = parameters.sequence_length
    likely = likely_frames(job.text, config.length) if length == "auto" else length
    if streams:
        blocks = _split(likely, stream_blocks)
        if length == "auto" and likely < MAX_FRAMES:
            # It stops by itself where the speech ends: the rest is a reserve.
            blocks += _split(MAX_FRAMES - likely, stream_blocks)
    else:
        blocks = (likely,)
    tokens = tokenize(job.text, plain_punctuation=config.plain_punctuation)
    return EchoJob(
        tokens=tokens,
        seed=job.seed,
        progress=Progress(make_plan(parameters, blocks, dtype), voice_key is not None),
        request_id=job.request_id,
        voice_key=voice_key,
        may_extend=length == "auto" and not streams and likely < MAX_FRAMES,
        streams=streams,
        timer=WordTimer(job.text, tokens) if job.timestamps else None,
    )


def _split(num_frames: int, sizes: Sequence[int]) -> tuple[int, ...]:
    """Cut a streaming job into blocks; what is too short for one joins the block before."""
    blocks = []
    for size in chain(sizes, repeat(sizes[-1])):
        blocks.append(size if num_frames - size >= MIN_BLOCK_FRAMES else num_frames)
        num_frames -= blocks[-1]
        if num_frames == 0:
            break
    return tuple(blocks)
