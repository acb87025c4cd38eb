"""One chunk of text on its way through the engine, shared by scheduler, runner and engine."""

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
from engine.echo.length import expected_frames, likely_frames
from engine.echo.model.tokenizer import tokenize
from engine.echo.sampling import Progress, make_plan
from engine.echo.speakers import JobVoice
from engine.echo.word_timer import WordTimer
from engine.protocol import Fault, Job
from speech.errors import SpeechError
from speech.parameters import complete
from speech.pcm import PCM

MIN_BLOCK_FRAMES = 32
"""The shortest block of a streaming job: a shorter remainder joins the block before."""


@dataclass
class TickResult:
    """The result of one tick for one job: audio, its end, or its failure."""

    pcm: PCM | None = None
    ended: bool = False
    error: SpeechError | None = None
    fault: Fault | None = None
    """A reason to doubt the take, with its last audio."""
    text_attention: Floats | None = None
    """Log probabilities (frames, bytes) of all frames' attention to the text so far; None for a job
    that is not timed."""


@dataclass(eq=False)
class EchoJob:
    """A job with its progress. In a tick only the runner touches it, but for `is_over`.

    Attributes:
        tokens: The tokens of its text.
        seed: The seed of its noise.
        progress: Its place in its plan.
        request_id: The request that it belongs to.
        streams: Whether it is decoded block by block, not at the end.
        expected_frames: Frames that its text should take.
        may_extend: Whether it is drawn again at full length if the speech does not end.
        retakes_left: The number of further takes, with other seeds, where a take has a fault.
        best_take: The result of the least faulty take so far, where all had a fault.
        voice: Its voice, or None without one; set before the job is submitted.
        on_start: A function to call when its turn has come.
        results: The results of its ticks, for the caller that waits.
        trajectory: Its tensors once it has started.
        is_finishing: Whether it ended a block, and what comes after that is not yet known.
        is_over: Whether its caller no longer waits for its results.
        decode_stream: The state of its blockwise decode once it has started.
        num_decoded: Frames decoded so far.
        peak: The largest magnitude of its samples so far.
        timer: The timer of its words; None unless the caller asks for their times.
        text_attention: The text attention of each block's frames, for a job that is timed.
    """

    tokens: list[int]
    seed: int
    progress: Progress
    request_id: str = ""
    streams: bool = False
    expected_frames: float = 0.0
    may_extend: bool = False
    retakes_left: int = 0
    best_take: TickResult | None = None
    voice: JobVoice | None = None
    on_start: Callable[[], None] | None = None
    results: asyncio.Queue[TickResult] = field(default_factory=asyncio.Queue)
    trajectory: Trajectory | None = None
    is_finishing: bool = False
    is_over: bool = False
    decode_stream: DecodeStream = None
    num_decoded: int = 0
    peak: float = 0.0
    timer: WordTimer | None = None
    text_attention: list[Tensor] = field(default_factory=list)

    @property
    def awaits_voice(self) -> bool:
        """True while its voice has to be encoded, by this job or another."""
        return self.voice is not None and self.voice.audio is not None

    @property
    def lane_frames(self) -> int:
        """Frames times guidance lanes of its next step; 0 where it takes none in the next tick."""
        return 0 if self.awaits_voice or self.is_finishing else self.progress.lane_frames

    @property
    def drawn(self) -> Trajectory:
        """Its tensors, of a job that has started."""
        assert self.trajectory is not None, "the job has started"
        return self.trajectory

    def announce_start(self) -> None:
        """Call `on_start`, once."""
        if self.on_start is not None:
            self.on_start()
            self.on_start = None


TickResults = list[tuple[EchoJob, TickResult]]


def make_job(
    job: Job,
    config: EchoConfig,
    stream_blocks: Sequence[int],
    dtype: torch.dtype,
    *,
    has_voice: bool,
) -> EchoJob:
    """Return the engine's form of `job`.

    Args:
        job: The caller's job.
        config: The checkpoint's config.
        stream_blocks: Frames of a streaming job's blocks, the last of which repeats; none where
            the model cannot stream, and the job is drawn whole.
        dtype: The model's.
        has_voice: Whether it speaks in a voice; the caller sets `voice` then.

    Raises:
        InvalidRequest: The job's parameters do not go with the checkpoint's, or its text is too
            long for one pass.
    """
    parameters = complete(job.parameters, config.defaults, MAX_FRAMES)
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
        progress=Progress(make_plan(parameters, blocks, dtype, streams=streams), has_voice),
        request_id=job.request_id,
        streams=streams,
        expected_frames=expected_frames(job.text),
        retakes_left=0 if streams else parameters.max_retakes,
        may_extend=length == "auto" and not streams and likely < MAX_FRAMES,
        timer=WordTimer(job.text, tokens) if job.timestamps else None,
    )


def _split(num_frames: int, sizes: Sequence[int]) -> tuple[int, ...]:
    """Cut a streaming job into blocks; a remainder too short for one joins the block before."""
    blocks = []
    for size in chain(sizes, repeat(sizes[-1])):
        blocks.append(size if num_frames - size >= MIN_BLOCK_FRAMES else num_frames)
        num_frames -= blocks[-1]
        if num_frames == 0:
            break
    return tuple(blocks)
