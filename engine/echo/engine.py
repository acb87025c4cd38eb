"""EchoEngine: takes jobs from asyncio, runs them together on a thread that owns the device."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch

from engine.echo.alignment_heads import find_heads
from engine.echo.checkpoints.load import load_models
from engine.echo.config import MAX_FRAMES
from engine.echo.device import prepare_thread, resolve
from engine.echo.fast_path import PathChoice
from engine.echo.job import EchoJob, Outcome, make_job
from engine.echo.options import EchoOptions
from engine.echo.runner import Runner
from engine.echo.scheduler import Scheduler
from engine.echo.speaker_cache import SpeakerCache
from engine.protocol import Job, JobAudio, Voice
from speech.errors import InternalError, NotReady, SpeechError
from speech.pcm import FRAME_SAMPLES, SAMPLE_RATE_HZ
from speech.timestamps import TimedWord

logger = logging.getLogger(__name__)

CLOSED = "The echo engine is closed"


class EchoEngine:
    """Echo-TTS on one device. Constructing it loads the weights and runs every path once.

    Args:
        options: The operator's choices.
        max_waiting_jobs: Jobs that wait for a turn; one more is refused.

    Raises:
        CheckpointError: When the weights are not there or do not fit.
    """

    def __init__(self, options: EchoOptions, max_waiting_jobs: int = 256) -> None:
        self._resolved = resolve(options)
        self.device = str(self._resolved.device)
        self._choice = PathChoice(options.kernels, self._resolved, options.max_active_jobs)
        self._compile = options.compile
        self._stream_blocks = options.stream_blocks if options.streaming else ()
        self._scheduler = Scheduler[EchoJob](
            self._resolved.max_lane_frames, options.max_active_jobs, max_waiting_jobs
        )
        self._speakers = SpeakerCache(options.speaker_host_bytes, options.speaker_device_bytes)
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
        device = self._resolved.device
        prepare_thread(device)
        self._choice.try_kernels()
        models = load_models(
            self._resolved.weights_dir, device, self._resolved.dtype, bool(self._stream_blocks)
        )
        self._config = models.config
        self._path = path = self._choice.choose(models)
        if self._compile and not path.fused:
            models.dit.compile_blocks()
        started = time.monotonic()
        # No voice of it is kept, and nothing counted.
        self._warm_up(Runner(models, SpeakerCache(0, 0), path.forward))
        logger.info("warmed up in %.1f s", time.monotonic() - started)
        heads = models.config.alignment_heads or find_heads(models)
        return Runner(models, self._speakers, path.forward, heads)

    def _warm_up(self, runner: Runner) -> None:
        on_gpu = self._resolved.device.type == "cuda"
        noise = np.random.default_rng(0).standard_normal(8 * FRAME_SAMPLES).astype(np.float32)
        length = MAX_FRAMES if on_gpu else 32
        # The checkpoint's own steps, whose every t is then known: they cost a GPU half a second.
        whole_steps = self._config.defaults.num_steps if on_gpu else 2
        active = []
        # Side by side and of different length: on a GPU, where first calls are slow, they take
        # every path there is.
        for num_steps, stream in ((whole_steps, False), (3, True)):
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
        return make_job(job, voice_key, self._config, self._stream_blocks, self._resolved.dtype)

    @property
    def name(self) -> str:
        """The checkpoint's name."""
        return self._config.name

    @property
    def warning(self) -> str | None:
        """What an operator should know: see `engine.protocol.Engine`."""
        return self._path.warning

    async def generate(
        self, job: Job, voice: Voice | None, on_start: Callable[[], None]
    ) -> AsyncGenerator[JobAudio, None]:
        """Yield the job's audio; see `engine.protocol.Engine`.

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
                    yield JobAudio(outcome.pcm, await _words(work, outcome))
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
        if self._resolved.device.type == "cuda":
            # An illegal access, say, stays with the process: every call fails from then on.
            await asyncio.to_thread(torch.cuda.synchronize, self._resolved.device)

    def stats(self) -> dict[str, float]:
        """Return gauges and running totals, by name."""
        return {
            "jobs_active": self._scheduler.num_active,
            "jobs_waiting": self._scheduler.num_waiting,
            "max_lane_frames": self._scheduler.max_lane_frames,
            "fused_kernels": float(self._path.fused),
            **self._totals,
            **self._runner.totals,
            **self._speakers.stats(),
        }

    def close(self) -> None:
        """Stop after the tick under way; jobs that have not ended fail with `NotReady`."""
        self._closed = True
        self._thread.shutdown()


async def _words(job: EchoJob, outcome: Outcome) -> Sequence[TimedWord]:
    """Return the words whose times an outcome makes certain."""
    if job.timer is None or outcome.looks is None:
        return ()
    # Milliseconds to a tenth of a second of work, for which neither the device nor others wait.
    return await asyncio.to_thread(job.timer.tell, outcome.looks, outcome.ended)
