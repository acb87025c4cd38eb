"""The work on the device, one tick at a time, from tokens to PCM. Nothing else holds tensors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch

from engine.echo.block_ends import BlockEnds
from engine.echo.checkpoints.load import Models
from engine.echo.config import Head
from engine.echo.denoise import denoise, new_trajectory
from engine.echo.forward import Forward
from engine.echo.forward.plain import PlainForward
from engine.echo.isolation import run_alone, run_together
from engine.echo.job import EchoJob, TickResults
from engine.echo.sampling import Progress
from engine.echo.side_queue import SideQueue
from engine.echo.speakers import SpeakerCache, SpeakerEncoder
from engine.echo.text_attention import AlignmentHeads, is_alignment_step, mean_over_heads
from engine.echo.transfer import upload


class Runner:
    """Runs batches of jobs. All calls must come from one thread.

    Args:
        models: The networks, on their device.
        speaker_cache: The voices encoded before.
        forward: The passes of the transformer; plain ones unless given.
        alignment_heads: The heads that show which byte is spoken, for jobs that are timed.
        overlaps: Whether voices are encoded and blocks decoded beside the other jobs' steps.
    """

    def __init__(
        self,
        models: Models,
        speaker_cache: SpeakerCache,
        forward: Forward | None = None,
        alignment_heads: Sequence[Head] = (),
        *,
        overlaps: bool = False,
    ) -> None:
        self._dit, self._codec = models.dit, models.codec
        self._device = models.dit.device
        side = SideQueue(self._device, overlaps)
        self._speakers = SpeakerEncoder(models, speaker_cache, side)
        self._forward = forward or PlainForward(models.dit)
        self._alignment_heads = AlignmentHeads(models.dit, alignment_heads)
        self._previous_tick: torch.cuda.Event | None = None
        self._ends = BlockEnds(models, self._restart, side)
        self._totals = dict.fromkeys(("ticks", "steps", "lane_frames"), 0.0)

    @property
    def totals(self) -> dict[str, float]:
        """Running totals; any thread may read them."""
        return self._totals | {"retakes": self._ends.num_retakes} | self._speakers.totals

    @property
    def holds_jobs(self) -> bool:
        """True if there is work for a tick without jobs, between ticks: see `BlockEnds`."""
        return self._ends.holds_jobs

    @torch.inference_mode()
    def run(self, batch: Sequence[EchoJob]) -> TickResults:
        """Take one step of every job of `batch`; return the results there are by now.

        A job whose voice is new takes its first step in the tick after the voice is encoded. One
        that ended a block takes none until the end of its speech is known.
        """
        results: TickResults = []
        ready = [job for job in batch if not (job.awaits_voice or job.is_finishing)]
        self._encode_voices([job for job in batch if job.awaits_voice], results, wait=not ready)
        started = [job for job in ready if run_alone(self._prepare_step, job, results)]
        self._totals["ticks"] += 1
        self._totals["steps"] += len(started)
        self._totals["lane_frames"] += sum(job.lane_frames for job in started)
        ended = run_together(self._step, started, results)
        self._pace()
        failed = {job for job, result in results if result.error is not None}
        self._ends.finish(ended, {*started} - {*ended} - failed, results)
        return results

    def _encode_voices(self, jobs: Sequence[EchoJob], results: TickResults, *, wait: bool) -> None:
        """Start the jobs whose voice is held by now; encode one window of one other voice.

        Only one window a tick, because every other job waits for it: five minutes of audio in one
        go would take ten times as long.
        """
        has_encoded = False
        for job in jobs:
            assert job.voice is not None, "the job waits for its voice"
            if self._speakers.holds(job.voice.key):
                run_alone(self._start, job, results)
            elif not has_encoded:
                run_alone(partial(self._encode_voice_window, wait=wait), job, results)
                has_encoded = True

    def _encode_voice_window(self, job: EchoJob, *, wait: bool) -> None:
        """Encode the next window of the job's voice; after the last one start the job."""
        assert job.voice is not None, "the job waits for its voice"
        if self._speakers.encode_window(job.voice, wait=wait):
            self._start(job)

    def _prepare_step(self, job: EchoJob) -> None:
        """Start the job unless that is done; record its text attention if it is timed and due."""
        self._start(job)
        trajectory = job.drawn
        if job.timer is not None and is_alignment_step(trajectory):
            # In the way of its own pass, or a job that is timed would be drawn otherwise.
            trajectory.begin_block(self._forward.latent_context)
            job.text_attention.append(
                mean_over_heads(self._alignment_heads.text_attention(trajectory))
            )

    def _start(self, job: EchoJob) -> None:
        """Give the job its tensors, unless it has them."""
        if job.trajectory is not None:
            return
        text = self._forward.text_context(upload(torch.tensor(job.tokens), self._device))
        speaker = None if job.voice is None else self._speakers.context(job.voice)
        job.trajectory = new_trajectory(self._dit, job.progress, text, speaker, job.seed)
        if job.streams:
            job.decode_stream = self._codec.new_stream()

    def _restart(self, job: EchoJob, progress: Progress) -> None:
        """Draw a job again, by the plan of `progress` and with the job's seed."""
        text, speaker = job.drawn.text, job.drawn.speaker
        job.trajectory = new_trajectory(self._dit, progress, text, speaker, job.seed)
        job.progress = progress

    def _step(self, jobs: Sequence[EchoJob]) -> list[EchoJob]:
        """Take a step of `jobs` together; return those that ended a block."""
        by_trajectory = {id(job.trajectory): job for job in jobs}
        ended = denoise(self._forward, [job.drawn for job in jobs])
        return [by_trajectory[id(trajectory)] for trajectory in ended]

    def _pace(self) -> None:
        """Let the host run at most one tick ahead, so that a cancelled job stops in the next."""
        if self._device.type != "cuda":
            return
        tick = torch.cuda.Event()
        tick.record()
        if self._previous_tick is not None:
            self._previous_tick.synchronize()
        self._previous_tick = tick
