"""EchoEngine: takes jobs from asyncio, runs them together on a thread that owns the device."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np
import torch

from engine.echo.checkpoints.load import load_models, locate
from engine.echo.config import MAX_FRAMES
from engine.echo.job import STREAM_BLOCKS, EchoJob, Outcome, make_job
from engine.echo.runner import Runner
from engine.echo.scheduler import Scheduler
from engine.echo.speaker_cache import SpeakerCache
from engine.protocol import Job, Voice
from speech.errors import InternalError, NotReady, SpeechError
from speech.pcm import FRAME_SAMPLES, PCM, SAMPLE_RATE_HZ

logger = logging.getLogger(__name__)

GIB = 2**30
CLOSED = "The echo engine is closed"
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


class EchoEngine:
    """Echo-TTS on one device. Constructing it loads the weights and runs every path once.

    Args:
        weights_dir: The checkpoint: a name or a folder, or None for the device's own (see
            `checkpoint.locate`).
        device: `auto`, `cpu`, `cuda` or `cuda:<n>`; auto is CUDA where there is any.
        dtype: Of the transformer: `auto`, `float32` or `bfloat16`; auto is bfloat16 where the
            device computes in it.
        streaming: Whether jobs may be drawn in blocks; needs 0.8 GB more weights.
        stream_blocks: Frames of a streaming job's blocks, the last of which repeats; multiples
            of 4. A short first one brings early audio; longer ones cost less and sound better.
        compile: Whether to compile the transformer's blocks while starting: minutes, once.
        max_lane_frames_per_tick: Frames times guidance lanes of one forward pass. More than fills
            the device only makes every job wait longer: `auto` is 2560 on a GPU, 640 on a CPU.
        max_active_jobs: Jobs that take turns; each holds up to 0.5 GB of device memory.
        max_waiting_jobs: Jobs that wait for a turn; one more is refused.
        speaker_host_bytes: Bound of the voices kept in host memory (0.4 MB for 30 s).
        speaker_device_bytes: Bound of the voices kept ready on the device (32 MB for 30 s).

    Raises:
        CheckpointError: When the weights are not there or do not fit.
    """

    def __init__(
        self,
        *,
        weights_dir: str | None = None,
        device: str = "auto",
        dtype: str = "auto",
        streaming: bool = True,
        stream_blocks: Sequence[int] = STREAM_BLOCKS,
        compile: bool = False,
        max_lane_frames_per_tick: int | Literal["auto"] = "auto",
        max_active_jobs: int = 16,
        max_waiting_jobs: int = 256,
        speaker_host_bytes: int = GIB,
        speaker_device_bytes: int = 4 * GIB,
    ) -> None:
        self._device = _choose_device(device)
        self._weights_dir = locate(weights_dir, self._device)
        self._dtype = _choose_dtype(dtype, self._device)
        self.device = str(self._device)
        self._compile = compile
        self._stream_blocks = tuple(stream_blocks) if streaming else ()
        if max_lane_frames_per_tick == "auto":
            max_lane_frames_per_tick = 640 if self._device.type == "cpu" else 2560
        self._scheduler = Scheduler[EchoJob](
            max_lane_frames_per_tick, max_active_jobs, max_waiting_jobs
        )
        self._speakers = SpeakerCache(speaker_host_bytes, speaker_device_bytes)
        self._driver: asyncio.Task[None] | None = None
        self._closed = False
        self._totals = {"jobs": 0.0, "jobs_cancelled": 0.0, "audio_seconds": 0.0}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="echo")
        try:
            self._runner = self._thread.submit(self._load).result()
        except BaseException:
            self._thread.shutdown(wait=False)
            raise

    def _load(self) -> Runner:
        _own(self._device)
        models = load_models(
            self._weights_dir, self._device, self._dtype, bool(self._stream_blocks)
        )
        self._config = models.config
        if self._compile:
            models.dit.compile_blocks()
        started = time.monotonic()
        self._warm_up(Runner(models, SpeakerCache(0, 0)))  # nothing of it is kept or counted
        logger.info("warmed up in %.1f s", time.monotonic() - started)
        return Runner(models, self._speakers)

    def _warm_up(self, runner: Runner) -> None:
        noise = np.random.default_rng(0).standard_normal(8 * FRAME_SAMPLES).astype(np.float32)
        length = MAX_FRAMES if self._device.type == "cuda" else 32
        active = []
        # Side by side and of different length: on a GPU, where first calls are slow, they take
        # every path there is.
        for num_steps, stream in ((2, False), (3, True)):
            parameters = {"num_steps": num_steps, "sequence_length": length}
            active.append(self._make_job(Job("Warm up.", 0, parameters, stream), "warm-up"))
            active[-1].reference = 0.1 * noise
        while active:
            for job, outcome in runner.run(active):
                if outcome.error is not None:
                    raise outcome.error
                if outcome.ended:
                    active.remove(job)

    def _make_job(self, job: Job, voice_key: str | None) -> EchoJob:
        return make_job(job, voice_key, self._config, self._stream_blocks, self._dtype)

    @property
    def name(self) -> str:
        """The checkpoint's name."""
        return self._config.name

    async def generate(
        self, job: Job, voice: Voice | None, on_start: Callable[[], None]
    ) -> AsyncGenerator[PCM, None]:
        """Yield the job's PCM; see `engine.protocol.Engine`.

        Raises:
            NotReady: When the engine is closed, also meanwhile.
            Overloaded: When every place is taken.
            InvalidRequest: When its parameters do not go with the checkpoint's, or its text is too
                long for one pass.
            SpeechError: When the job fails.
        """
        self._check_open()
        self._scheduler.check_room()  # before fetching a voice for nothing
        work = self._make_job(job, None if voice is None else voice.key)
        work.on_start = on_start
        if voice is not None:
            work.speaker_state = self._speakers.state(voice.key)
            if work.speaker_state is None:
                work.reference = await voice.load()
                self._check_open()
        self._scheduler.submit(work)
        self._totals["jobs"] += 1
        if self._driver is None or self._driver.done():
            self._driver = asyncio.create_task(self._drive())
        try:
            ended = False
            while not ended:
                outcome = await work.outcomes.get()
                if outcome.error is not None:
                    raise outcome.error
                if outcome.pcm is not None:
                    self._totals["audio_seconds"] += len(outcome.pcm) / SAMPLE_RATE_HZ
                    yield outcome.pcm
                ended = outcome.ended
        except (asyncio.CancelledError, GeneratorExit):
            self._totals["jobs_cancelled"] += 1
            raise
        finally:
            self._scheduler.remove(work)

    async def _drive(self) -> None:
        """Run tick after tick while there is work; during one, its jobs are the runner's alone."""
        loop = asyncio.get_running_loop()
        failure: SpeechError = NotReady(CLOSED)
        try:
            while not self._closed and (batch := self._scheduler.next_batch()):
                for job in batch:
                    job.announce_start()
                tick = loop.run_in_executor(self._thread, self._runner.run, batch)
                for job, outcome in await tick:
                    if outcome.ended or outcome.error is not None:
                        self._scheduler.remove(job)
                    job.outcomes.put_nowait(outcome)
        except Exception:
            logger.exception("the device failed")
            failure = InternalError("The engine failed")
        finally:  # whoever still waits must not wait for ever
            for job in self._scheduler.clear():
                job.outcomes.put_nowait(Outcome(error=failure))

    def _check_open(self) -> None:
        if self._closed:
            raise NotReady(CLOSED)

    async def check_health(self) -> None:
        """See `engine.protocol.Engine`."""
        self._check_open()
        if self._device.type == "cuda":
            # An illegal access, say, stays with the process: every call fails from then on.
            await asyncio.to_thread(torch.cuda.synchronize, self._device)

    def stats(self) -> dict[str, float]:
        """Return gauges and running totals, by name."""
        return {
            "jobs_active": self._scheduler.num_active,
            "jobs_waiting": self._scheduler.num_waiting,
            "max_lane_frames": self._scheduler.max_lane_frames,
            **self._totals,
            **self._runner.totals,
            **self._speakers.stats(),
        }

    def close(self) -> None:
        """Stop after the tick under way; jobs that have not ended fail with `NotReady`."""
        self._closed = True
        self._thread.shutdown()


def _choose_device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def _own(device: torch.device) -> None:
    """Prepare the calling thread for a device that it alone uses."""
    if device.type != "cuda":
        return
    if device.index is not None:  # a thread's events and kernels go to its current device
        torch.cuda.set_device(device)
    # Preferred on Hopper, but it plans anew for each length of text, for 30 ms.
    torch.backends.cuda.enable_cudnn_sdp(False)


def _choose_dtype(name: str, device: torch.device) -> torch.dtype:
    if name in DTYPES:
        return DTYPES[name]
    if name != "auto":
        raise ValueError(f"dtype must be auto, {' or '.join(DTYPES)}, not {name!r}")
    if device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0):
        return torch.bfloat16
    return torch.float32
