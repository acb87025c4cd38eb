"""The work on the device, one tick at a time, from tokens to PCM. Nothing else holds tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from engine.echo.alignment import Floats
from engine.echo.checkpoints.load import Models
from engine.echo.config import MAX_FRAMES, Head
from engine.echo.denoise import Trajectory, denoise
from engine.echo.end_search import EndSearch, SpeechEnd
from engine.echo.ending import fade_out, kept_frames
from engine.echo.forward import Forward
from engine.echo.forward.plain import PlainForward
from engine.echo.isolation import run_alone, run_together
from engine.echo.job import EchoJob, TickResult, TickResults
from engine.echo.model.attention import KeyValues
from engine.echo.model.layers import upcast
from engine.echo.sampling import Progress
from engine.echo.speakers import SpeakerCache, SpeakerEncoder
from engine.echo.speech_end import earliest_end, find_fault, retake_seed
from engine.echo.text_attention import AlignmentHeads, is_alignment_step, mean_over_heads
from engine.echo.transfer import Download, upload
from speech.pcm import PCM


@dataclass(frozen=True)
class Decoding:
    """Audio on its way to the host.

    Attributes:
        job: The job whose audio it is.
        audio: The transfer; None where no frame has become final.
        ended: Whether it is the job's last audio.
        num_frames: Frames of the job that are final now.
        has_end: Whether the speech ended within the pass, as far as is known.
    """

    job: EchoJob
    audio: Download | None
    ended: bool
    num_frames: int
    has_end: bool

    def wait(self) -> PCM | None:
        """Return it, None where there is none."""
        if self.audio is None:
            return None
        pcm: PCM = self.audio.wait().numpy()
        if not np.isfinite(pcm).all():  # an encoder might not survive it
            raise FloatingPointError("the audio is not finite")
        return pcm


class Runner:
    """Runs batches of jobs. All calls must come from one thread.

    Args:
        models: The networks, on their device.
        speaker_cache: The voices encoded before.
        forward: The passes of the transformer; plain ones unless given.
        alignment_heads: The heads that show which byte is spoken, for jobs that are timed.
    """

    def __init__(
        self,
        models: Models,
        speaker_cache: SpeakerCache,
        forward: Forward | None = None,
        alignment_heads: Sequence[Head] = (),
    ) -> None:
        self._dit, self._codec, self._end = models.dit, models.codec, models.config.end
        self._device = models.dit.device
        self._speakers = SpeakerEncoder(models, speaker_cache)
        self._forward = forward or PlainForward(models.dit)
        self._alignment_heads = AlignmentHeads(models.dit, alignment_heads)
        self._previous_tick: torch.cuda.Event | None = None
        self._totals = dict.fromkeys(("ticks", "steps", "lane_frames", "retakes"), 0.0)

    @property
    def totals(self) -> dict[str, float]:
        """Running totals; any thread may read them."""
        return self._totals | self._speakers.totals

    @torch.inference_mode()
    def run(self, batch: Sequence[EchoJob]) -> TickResults:
        """Take one step of every job of `batch`; return the results there are by now.

        A job whose voice is new takes its first step in the tick after the voice is encoded.
        """
        results: TickResults = []
        ready = [job for job in batch if not job.awaits_voice]
        self._encode_voices([job for job in batch if job.awaits_voice], results)
        started = [job for job in ready if run_alone(self._prepare_step, job, results)]
        self._totals["ticks"] += 1
        self._totals["steps"] += len(started)
        self._totals["lane_frames"] += sum(job.lane_frames for job in started)
        self._finish_blocks(run_together(self._step, started, results), results)
        self._pace()
        return results

    def _encode_voices(self, jobs: Sequence[EchoJob], results: TickResults) -> None:
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
                run_alone(self._encode_voice_window, job, results)
                has_encoded = True

    def _encode_voice_window(self, job: EchoJob) -> None:
        """Encode the next window of the job's voice; after the last one start the job."""
        assert job.voice is not None, "the job waits for its voice"
        if self._speakers.encode_window(job.voice):
            self._start(job)

    def _prepare_step(self, job: EchoJob) -> None:
        """Start the job unless that is done; record its text attention if it is timed and due."""
        self._start(job)
        trajectory = _trajectory(job)
        if job.timer is not None and is_alignment_step(trajectory):
            job.text_attention.append(
                mean_over_heads(self._alignment_heads.text_attention(trajectory))
            )

    def _start(self, job: EchoJob) -> None:
        """Give the job its tensors, unless it has them."""
        if job.trajectory is not None:
            return
        text = self._dit.text_context(upload(torch.tensor(job.tokens), self._device))
        speaker = None if job.voice is None else self._speakers.context(job.voice)
        job.trajectory = self._new_trajectory(job, job.progress, text, speaker)
        if job.streams:
            job.decode_stream = self._codec.new_stream()

    def _new_trajectory(
        self, job: EchoJob, progress: Progress, text: KeyValues, speaker: KeyValues | None
    ) -> Trajectory:
        dtype = torch.promote_types(self._dit.dtype, torch.float32)
        return Trajectory(
            progress=progress,
            text=text,
            speaker=speaker,
            generator=torch.Generator(self._device).manual_seed(job.seed),
            latents=torch.empty((0, self._dit.config.latent_dim), device=self._device, dtype=dtype),
        )

    def _step(self, jobs: Sequence[EchoJob]) -> list[EchoJob]:
        """Take a step of `jobs` together; return those that ended a block."""
        by_trajectory = {id(job.trajectory): job for job in jobs}
        ended = denoise(self._forward, [_trajectory(job) for job in jobs])
        return [by_trajectory[id(trajectory)] for trajectory in ended]

    def _finish_blocks(self, jobs: Sequence[EchoJob], results: TickResults) -> None:
        """Decode the frames that are final, of jobs that ended a block."""
        decoding: list[Decoding] = []
        for job, end in run_together(self._find_ends, jobs, results):
            decoding += run_together(partial(self._decode, end), [job], results)
        # The device has been given all of it. Now the host waits.
        for each in decoding:
            results += run_together(partial(self._finish, each), [each.job], results)

    def _find_ends(self, jobs: Sequence[EchoJob]) -> list[tuple[EchoJob, SpeechEnd]]:
        latents = [_trajectory(job).latents for job in jobs]
        search = EndSearch(latents, [job.expected_frames for job in jobs], self._end)
        return list(zip(jobs, search.wait(), strict=True))

    def _decode(self, end: SpeechEnd, jobs: Sequence[EchoJob]) -> list[Decoding]:
        """Decode the final frames of one job; nothing if it is to be drawn again."""
        [job] = jobs
        latents = _trajectory(job).latents
        if job.streams:
            return [self._decode_next(job, latents, end)]
        if job.may_extend and not end.is_certain:
            self._extend(job)
            return []
        has_end = end.frame < len(latents)
        [audio] = self._codec.decode([kept_frames(latents, 0, end.frame, self._end)])
        return [Decoding(job, Download(upcast(self._fade_out(audio))), True, end.frame, has_end)]

    def _decode_next(self, job: EchoJob, latents: Tensor, end: SpeechEnd) -> Decoding:
        is_end = end.is_certain and end.frame >= earliest_end(job.expected_frames)
        ended = job.progress.done or is_end
        stop = max(end.frame if ended else end.possible_frame, job.num_decoded)
        audio = None
        frames = latents[job.num_decoded : stop]
        if ended:
            frames = kept_frames(latents, job.num_decoded, stop, self._end)
        if len(frames):
            audio = self._codec.decode_next(frames, job.decode_stream)
            job.num_decoded = stop
        elif ended and not job.num_decoded:
            audio = torch.zeros(0)
        if ended and audio is not None:
            audio = self._fade_out(audio)
        download = None if audio is None else Download(upcast(audio))
        return Decoding(job, download, ended, stop, has_end=end.frame < len(latents))

    def _fade_out(self, audio: Tensor) -> Tensor:
        return fade_out(audio, self._end.fade_frames * self._codec.frame_samples)

    def _finish(self, decoding: Decoding, jobs: Sequence[EchoJob]) -> TickResults:
        """Return the result of a decoding; nothing if its take is to be drawn again."""
        [job] = jobs
        pcm = decoding.wait()
        fault = None
        if pcm is not None:
            job.peak = max(job.peak, float(np.abs(pcm).max(initial=0)))
        if decoding.ended:
            fault = find_fault(
                job.peak, decoding.num_frames, job.expected_frames, has_end=decoding.has_end
            )
        if fault and job.retakes_left:
            self._retake(job)
            return []
        text_attention = _text_attention(job, decoding.num_frames)
        return [(job, TickResult(pcm, decoding.ended, None, fault, text_attention))]

    def _retake(self, job: EchoJob) -> None:
        """Draw a job again with the next seed."""
        trajectory = _trajectory(job)
        job.retakes_left -= 1
        job.seed = retake_seed(job.seed)
        job.peak = 0.0
        job.text_attention.clear()
        job.progress = Progress(job.progress.plan, job.progress.has_speaker)
        job.trajectory = self._new_trajectory(
            job, job.progress, trajectory.text, trajectory.speaker
        )
        self._totals["retakes"] += 1

    def _extend(self, job: EchoJob) -> None:
        """Draw a job again at full length: its speech did not end.

        The same seed draws the same noise, of which the shorter length saw the beginning.
        """
        trajectory = _trajectory(job)
        plan = job.progress.plan
        [block] = plan.blocks
        plan = replace(plan, blocks=(replace(block, num_frames=MAX_FRAMES),))
        progress = Progress(plan, job.progress.has_speaker)
        job.trajectory = self._new_trajectory(job, progress, trajectory.text, trajectory.speaker)
        job.progress, job.may_extend = progress, False
        job.text_attention.clear()

    def _pace(self) -> None:
        """Let the host run at most one tick ahead, so that a cancelled job stops in the next."""
        if self._device.type != "cuda":
            return
        tick = torch.cuda.Event()
        tick.record()
        if self._previous_tick is not None:
            self._previous_tick.synchronize()
        self._previous_tick = tick


def _trajectory(job: EchoJob) -> Trajectory:
    assert job.trajectory is not None, "the job has started"
    return job.trajectory


def _text_attention(job: EchoJob, num_frames: int) -> Floats | None:
    """Return the text attention of the first frames, for a job that is timed."""
    if job.timer is None:
        return None
    return torch.cat(job.text_attention)[:num_frames].double().cpu().numpy()
