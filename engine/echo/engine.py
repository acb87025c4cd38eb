"""EchoEngine: takes jobs from asyncio, runs them together on a thread that owns the device."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence

import numpy as np
import torch

from engine.echo.device import resolve
from engine.echo.job import EchoJob, TickResult, make_job
from engine.echo.options import EchoOptions
from engine.echo.resident import ResidentModel
from engine.echo.scheduler import Scheduler
from engine.echo.speakers import JobVoice, SpeakerCache
from engine.protocol import Job, JobAudio, Voice
from speech.errors import InternalError, NotReady, SpeechError
from speech.parameters import ModelParameters
from speech.pcm import SAMPLE_RATE_HZ
from speech.timestamps import TimedWord

logger = logging.getLogger(__name__)

CLOSED = "The echo engine is closed"


class EchoEngine:
    """Echo-TTS on one device. Constructing it loads the weights and runs every path once.

    Args:
        options: The operator's choices.
        max_waiting_jobs: Jobs that wait for a turn; one more is refused.

    Raises:
        CheckpointError: The weights are missing or do not fit.
    """

    def __init__(self, options: EchoOptions, max_waiting_jobs: int = 256) -> None:
        self._resolved = resolve(options)
        self.device = str(self._resolved.device)
        self._stream_blocks = options.blocks
        self._scheduler = Scheduler[EchoJob](
            self._resolved.max_lane_frames, options.max_active_jobs, max_waiting_jobs
        )
        self._speaker_cache = SpeakerCache(options.speaker_host_bytes, options.speaker_device_bytes)
        self._driver: asyncio.Task[None] | None = None
        self._closed = False
        self._totals = {"jobs": 0.0, "jobs_cancelled": 0.0, "audio_seconds": 0.0}
        self._model = ResidentModel(options, self._resolved, self._speaker_cache)

    @property
    def name(self) -> str:
        """The checkpoint's name."""
        return self._model.loaded.config.name

    @property
    def defaults(self) -> ModelParameters:
        """The checkpoint's parameters where a request gives none."""
        return self._model.loaded.config.defaults

    @property
    def warning(self) -> str | None:
        """The reason why it is slower than it should be; see `engine.protocol.Engine`."""
        return self._model.loaded.warning

    @property
    def is_loaded(self) -> bool:
        """Whether the model is in memory; see `engine.protocol.Engine`."""
        return self._model.is_loaded

    async def generate(
        self, job: Job, voice: Voice | None, on_start: Callable[[], None]
    ) -> AsyncGenerator[JobAudio, None]:
        """Yield the job's audio; see `engine.protocol.Engine`.

        Raises:
            NotReady: The engine is closed, or was closed meanwhile.
            Overloaded: Every place is taken.
            InvalidRequest: The job's parameters do not go with the checkpoint's, or its text is too
                long for one pass.
            SpeechError: The job failed.
        """
        self._check_open()
        self._scheduler.check_room()  # before fetching a voice for nothing
        work = make_job(
            job,
            self._model.loaded.config,
            self._stream_blocks,
            self._resolved.dtype,
            has_voice=voice is not None,
        )
        work.on_start = on_start
        if voice is not None:
            work.voice = await self._prepare_voice(voice)
            self._check_open()
        self._scheduler.submit(work)
        self._totals["jobs"] += 1
        if self._driver is None or self._driver.done():
            self._driver = asyncio.create_task(self._drive())
        try:
            ended = False
            while not ended:
                result = await work.results.get()
                if result.error is not None:
                    raise result.error
                words = await _words(work, result)
                if result.pcm is not None or result.fault is not None or words:
                    pcm = np.zeros(0, np.float32) if result.pcm is None else result.pcm
                    self._totals["audio_seconds"] += len(pcm) / SAMPLE_RATE_HZ
                    yield JobAudio(pcm, words, result.fault)
                ended = result.ended
        except (asyncio.CancelledError, GeneratorExit):
            self._totals["jobs_cancelled"] += 1
            raise
        finally:
            work.is_over = True
            self._scheduler.remove(work)

    async def _prepare_voice(self, voice: Voice) -> JobVoice:
        """Return a job's voice with its state, if that is held, or else with its audio."""
        state = self._speaker_cache.state(voice.key)
        audio = None if state is not None else await voice.load()
        return JobVoice(voice.key, audio, state)

    async def _drive(self) -> None:
        """Run tick after tick while there is work; in a tick only the runner touches its jobs."""
        failure: SpeechError = NotReady(CLOSED)
        try:
            if not self._closed:
                await self._model.wake()
            # A last tick may have no job: the runner forgets those that were given up in it.
            while not self._closed and (
                (batch := self._scheduler.next_batch()) or self._model.holds_jobs
            ):
                for job in batch:
                    job.announce_start()
                for job, result in await self._model.run(batch):
                    if result.ended or result.error is not None:
                        self._scheduler.remove(job)
                    job.results.put_nowait(result)
        except NotReady as error:
            failure = error
        except Exception:
            logger.exception("the device failed")
            failure = InternalError("The engine failed")
        finally:  # a caller that still waits must not wait for ever
            for job in self._scheduler.clear():
                job.results.put_nowait(TickResult(error=failure))
            if not self._closed:
                self._model.rest()

    def _check_open(self) -> None:
        if self._closed:
            raise NotReady(CLOSED)

    async def check_health(self) -> None:
        """See `engine.protocol.Engine`."""
        self._check_open()
        if self._model.load_failed:
            raise InternalError("The model could not be loaded again")
        if self._resolved.device.type == "cuda" and self.is_loaded:  # nor while it is being loaded
            # An illegal access, say, stays with the process: every call fails from then on.
            await asyncio.to_thread(torch.cuda.synchronize, self._resolved.device)

    def stats(self) -> dict[str, float]:
        """Return gauges and running totals, by name."""
        return {
            "jobs_active": self._scheduler.num_active,
            "jobs_waiting": self._scheduler.num_waiting,
            "max_lane_frames": self._scheduler.max_lane_frames,
            "fused_kernels": float(self._model.loaded.is_fused),
            "loaded": float(self.is_loaded),
            **self._totals,
            **self._model.totals,
            **self._speaker_cache.stats(),
        }

    def close(self) -> None:
        """Stop after the tick under way; jobs that have not ended fail with `NotReady`."""
        self._closed = True
        self._model.close()


async def _words(job: EchoJob, result: TickResult) -> Sequence[TimedWord]:
    """Return the words whose times a result makes certain."""
    if job.timer is None or result.text_attention is None:
        return ()
    # Milliseconds to a tenth of a second of work, for which neither the device nor others wait.
    return await asyncio.to_thread(job.timer.settled_words, result.text_attention, result.ended)
