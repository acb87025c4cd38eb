"""The way from a block's last step to its PCM: find the end, decode, copy to the host.

Where these overlap, they run beside the other jobs' next steps: the host waits for a search only
when the next step has been issued, decoding has a queue of its own on the device, and audio is
handed out when it has arrived. A tick without a step waits for all of it, so nothing is late.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from engine.echo.alignment import Floats
from engine.echo.checkpoints.load import Models
from engine.echo.config import MAX_FRAMES
from engine.echo.end_search import EndSearch, SpeechEnd
from engine.echo.ending import fade_out, kept_frames
from engine.echo.isolation import run_alone
from engine.echo.job import EchoJob, TickResult, TickResults
from engine.echo.model.layers import upcast
from engine.echo.sampling import Progress
from engine.echo.side_queue import SideQueue
from engine.echo.speech_end import earliest_end, find_fault, retake_seed
from engine.echo.transfer import Download
from engine.protocol import FAULTS
from speech.pcm import PCM

Restart = Callable[[EchoJob, Progress], None]
"""Gives a job new noise, to be drawn from the start."""


@dataclass(frozen=True)
class Decoding:
    """Audio on its way to the host.

    Attributes:
        job: The job whose audio it is.
        audio: The transfer; None where no frame has become final.
        ended: Whether it is the job's last audio.
        num_frames: Frames of the job that are final now.
        end_frame: The frame at which the speech ends, as far as is known.
        has_end: Whether it ends there, and not just the pass.
    """

    job: EchoJob
    audio: Download | None
    ended: bool
    num_frames: int
    end_frame: int
    has_end: bool

    def is_done(self) -> bool:
        """Return whether `wait` would return at once."""
        return self.audio is None or self.audio.is_done()

    def wait(self) -> PCM | None:
        """Return the audio, None where there is none."""
        if self.audio is None:
            return None
        pcm: PCM = self.audio.wait().numpy()
        if not np.isfinite(pcm).all():  # an encoder might not survive it
            raise FloatingPointError("the audio is not finite")
        return pcm


class BlockEnds:
    """The jobs that ended a block, until the caller has their audio.

    Args:
        models: The networks, on their device.
        restart: See `Restart`.
        side: The queue that decoding takes.
    """

    def __init__(self, models: Models, restart: Restart, side: SideQueue) -> None:
        self._codec, self._end = models.codec, models.config.end
        self._restart, self._side = restart, side
        self._searches: list[tuple[EchoJob, EndSearch]] = []
        self._decodings: deque[Decoding] = deque()
        self.num_retakes = 0

    @property
    def holds_jobs(self) -> bool:
        """True if it holds jobs for a later tick, perhaps some that nobody waits for."""
        return bool(self._searches or self._decodings)

    def finish(
        self, ended: Sequence[EchoJob], others: Collection[EchoJob], results: TickResults
    ) -> None:
        """Take in the jobs that ended a block in this tick; add what results there are.

        Args:
            ended: Those jobs.
            others: Jobs that took a step in this tick and did not end a block.
            results: Takes results and failures.
        """
        overlaps = self._side.overlaps and bool(others)
        earlier = [item for item in self._searches if not item[0].is_over]
        self._searches = []
        for job in ended:
            job.is_finishing = run_alone(self._search, job, results)
        if not overlaps:
            earlier, self._searches = earlier + self._searches, []
        for job, search in earlier:
            run_alone(partial(self._decode, search), job, results)
        # The device has been given all of it. Now the host may wait.
        while self._decodings and (not overlaps or self._decodings[0].is_done()):
            each = self._decodings.popleft()
            if not each.job.is_over:
                run_alone(partial(self._hand_out, each, results), each.job, results)

    def _search(self, job: EchoJob) -> None:
        latents = job.drawn.latents
        self._searches.append((job, EndSearch(latents, job.expected_frames, self._end)))

    def _decode(self, search: EndSearch, job: EchoJob) -> None:
        """Decode the final frames of a job, unless it is to be drawn again."""
        end, latents = search.wait(), job.drawn.latents
        if job.may_extend and not end.is_certain:
            self._extend(job)
            return
        has_end = end.frame < len(latents)
        with self._side.beside(latents):
            if job.streams:
                audio, ended, num_frames = self._decode_next(job, latents, end)
            else:
                audio = self._codec.decode(kept_frames(latents, 0, end.frame, self._end))
                ended, num_frames = True, end.frame
            if ended and audio is not None:
                audio = fade_out(audio, self._end.fade_frames * self._codec.frame_samples)
            download = None if audio is None else Download(upcast(audio))
        self._decodings.append(Decoding(job, download, ended, num_frames, end.frame, has_end))

    def _decode_next(
        self, job: EchoJob, latents: Tensor, end: SpeechEnd
    ) -> tuple[Tensor | None, bool, int]:
        """Return the next audio of a stream, whether it is the last, and the frames so far."""
        last = max(end.frame, earliest_end(job.expected_frames))
        ended = job.progress.done or last + self._end.frames <= len(latents)
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
        job.is_finishing = ended
        return audio, ended, stop

    def _hand_out(self, decoding: Decoding, results: TickResults, job: EchoJob) -> None:
        """Add the result of a decoding, unless its take is to be drawn again.

        Where the last take has a fault, too, it is the result of the least faulty one.
        """
        pcm = decoding.wait()
        fault = None
        if pcm is not None:
            job.peak = max(job.peak, float(np.abs(pcm).max(initial=0)))
        if decoding.ended:
            fault = find_fault(
                job.peak, decoding.end_frame, job.expected_frames, has_end=decoding.has_end
            )
        text_attention = _text_attention(job, decoding.num_frames)
        result = TickResult(pcm, decoding.ended, None, fault, text_attention)
        if fault is not None:
            job.best_take = result = _less_faulty(job.best_take, result)
            if job.retakes_left:
                self._retake(job)
                return
        results.append((job, result))

    def _retake(self, job: EchoJob) -> None:
        """Draw a job again with the next seed."""
        job.retakes_left -= 1
        job.seed = retake_seed(job.seed)
        job.peak = 0.0
        self._draw_again(job, Progress(job.progress.plan, job.progress.has_speaker))
        self.num_retakes += 1

    def _extend(self, job: EchoJob) -> None:
        """Draw a job again at full length: its speech did not end.

        The same seed draws the same noise, of which the shorter length saw the beginning.
        """
        plan = job.progress.plan
        [block] = plan.blocks
        plan = replace(plan, blocks=(replace(block, num_frames=MAX_FRAMES),))
        self._draw_again(job, Progress(plan, job.progress.has_speaker))
        job.may_extend = False

    def _draw_again(self, job: EchoJob, progress: Progress) -> None:
        self._restart(job, progress)
        job.text_attention.clear()
        job.is_finishing = False


def _less_faulty(best: TickResult | None, result: TickResult) -> TickResult:
    """Return the better of two faulty takes, the earlier one if they are alike."""
    if best is None:
        return result
    return max(best, result, key=lambda take: FAULTS.index(take.fault))


def _text_attention(job: EchoJob, num_frames: int) -> Floats | None:
    """Return the text attention of the first frames, for a job that is timed."""
    if job.timer is None:
        return None
    return torch.cat(job.text_attention)[:num_frames].double().cpu().numpy()
