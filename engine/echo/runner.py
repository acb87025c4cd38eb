"""Owns the device: one tick of work at a time, from tokens to PCM. Nothing else holds tensors.

A job that fails, fails alone; running out of device memory included.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from engine.echo.alignment import Floats
from engine.echo.checkpoints.load import Models
from engine.echo.config import MAX_FRAMES, PATCH_FRAMES, Head
from engine.echo.denoise import Trajectory, denoise
from engine.echo.forward import Forward
from engine.echo.forward.plain import PlainForward
from engine.echo.job import EchoJob, Outcome
from engine.echo.model.attention import KeyValues
from engine.echo.model.layers import upcast
from engine.echo.sampling import Progress, find_end, find_possible_end, has_ended
from engine.echo.speaker_cache import SpeakerCache
from engine.echo.text_attention import WatchedHeads, is_watched, mean_look
from speech.errors import InternalError, Overloaded, SpeechError
from speech.pcm import PCM

logger = logging.getLogger(__name__)

OUT_OF_MEMORY = "Out of device memory: try again later, or with a shorter voice"

Outcomes = list[tuple[EchoJob, Outcome]]
T = TypeVar("T")


class Runner:
    """Runs batches of jobs. All calls must come from one thread.

    Args:
        models: The networks, on their device.
        speakers: What is kept of the voices.
        forward: How the transformer's passes run; plainly unless given.
        alignment_heads: Those to be watched in jobs that are timed.
    """

    def __init__(
        self,
        models: Models,
        speakers: SpeakerCache,
        forward: Forward | None = None,
        alignment_heads: Sequence[Head] = (),
    ) -> None:
        self._dit, self._codec, self._end = models.dit, models.codec, models.config.end
        self._max_voice_frames = models.config.max_voice_frames
        self._device = models.dit.device
        self._speakers = speakers
        self._forward = forward or PlainForward(models.dit)
        self._watched = WatchedHeads(models.dit, alignment_heads)
        self._paced: torch.cuda.Event | None = None
        self.totals = dict.fromkeys(
            ("ticks", "steps", "lane_frames", "speaker_cache_hits", "speaker_cache_misses"), 0.0
        )
        """Running totals; read by any thread."""

    @torch.inference_mode()
    def run(self, batch: Sequence[EchoJob]) -> Outcomes:
        """Take one step of every job of `batch`; return what that brought.

        A job whose voice is new takes its first step in the tick after that is encoded.
        """
        outcomes: Outcomes = []
        ready = [job for job in batch if job.reference is None]
        self._prepare([job for job in batch if job.reference is not None], outcomes)
        started = [job for job in ready if self._guard(job, self._prepare_step, outcomes)]
        self.totals["ticks"] += 1
        self.totals["steps"] += len(started)
        self.totals["lane_frames"] += sum(job.lane_frames for job in started)
        self._finish_blocks(self._step(started, outcomes), outcomes)
        self._pace()
        return outcomes

    def _guard(self, job: EchoJob, action: Callable[[EchoJob], None], outcomes: Outcomes) -> bool:
        """Run `action`; if it fails, note that for `job` alone. Return whether it succeeded."""
        failure = _attempt(lambda: action(job), [job])
        if failure is not None:
            outcomes.append((job, Outcome(error=failure)))
        return failure is None

    def _prepare_step(self, job: EchoJob) -> None:
        """Start the job unless that is done; watch it if it is timed and this is the step."""
        self._start(job)
        trajectory = _trajectory(job)
        if job.timer is not None and is_watched(trajectory):
            job.looks.append(mean_look(self._watched.looks(trajectory)))

    def _start(self, job: EchoJob) -> None:
        """Encode the job's text and voice, unless that is done."""
        if job.trajectory is not None:
            return
        # A blocking copy would wait for the tick that the device is at.
        tokens = torch.tensor(job.tokens).to(self._device, non_blocking=True)
        text = self._dit.text_context(tokens)
        self._begin(job, text, self._speaker(job))

    def _begin(self, job: EchoJob, text: KeyValues, speaker: KeyValues | None) -> None:
        dtype = torch.promote_types(self._dit.dtype, torch.float32)
        job.trajectory = Trajectory(
            progress=job.progress,
            text=text,
            speaker=speaker,
            generator=torch.Generator(self._device).manual_seed(job.seed),
            latents=torch.empty((0, self._dit.config.latent_dim), device=self._device, dtype=dtype),
        )
        job.looks.clear()
        if job.streams:
            job.stream = self._codec.new_stream()

    def _prepare(self, jobs: Sequence[EchoJob], outcomes: Outcomes) -> None:
        """Start those of `jobs` whose voice is held by now; encode one piece of one other voice.

        One, as all who take steps wait for it: five minutes in one go would be ten times as long.
        """
        is_free = True
        for job in jobs:
            assert job.voice_key is not None, "reference audio is of some voice"
            if self._speakers.holds(job.voice_key):
                self._guard(job, self._start, outcomes)
            elif is_free:
                self._guard(job, self._listen, outcomes)
                is_free = False

    def _listen(self, job: EchoJob) -> None:
        """Encode the next piece of the job's voice; after the last one start the job."""
        reference, key = job.reference, job.voice_key
        assert reference is not None, "there is something to listen to"
        assert key is not None, "reference audio is of some voice"
        if not job.heard:
            self.totals["speaker_cache_misses"] += 1
        frame = self._codec.frame_samples
        patch, piece = PATCH_FRAMES * frame, self._codec.piece_frames * frame
        # Shorter than one patch, it is heard with silence.
        end = max(min(len(reference), self._max_voice_frames * frame) // patch, 1) * patch
        start = len(job.heard) * piece
        stop = min(start + piece, end)
        # Copied, as torch takes no read-only memory.
        audio = torch.from_numpy(np.array(reference[start:stop]))
        audio = audio.to(self._device, non_blocking=True)
        job.heard.append(self._codec.encode(F.pad(audio, (0, stop - start - len(audio)))))
        if stop == end:
            job.speaker_state = self._dit.speaker_state(torch.cat(job.heard))
            self._speakers.put_state(key, job.speaker_state.cpu())
            self._start(job)

    def _speaker(self, job: EchoJob) -> KeyValues | None:
        key = job.voice_key
        if key is None:
            return None
        context = self._speakers.context(key)
        if context is None:
            state = self._speakers.state(key) if job.speaker_state is None else job.speaker_state
            assert state is not None, "a voice that is not held comes with its audio"
            context = self._dit.speaker_context(state.to(self._device, non_blocking=True))
            self._speakers.put_context(key, context)
        if not job.heard:
            self.totals["speaker_cache_hits"] += 1
        job.reference = job.speaker_state = None
        job.heard.clear()
        return context

    def _step(self, jobs: Sequence[EchoJob], outcomes: Outcomes) -> list[EchoJob]:
        """Take a step of `jobs` together; return those that ended a block."""
        if not jobs:
            return []
        ended = _attempt(lambda: denoise(self._forward, [_trajectory(job) for job in jobs]), jobs)
        if not isinstance(ended, SpeechError):
            by_trajectory = {id(job.trajectory): job for job in jobs}
            return [by_trajectory[id(trajectory)] for trajectory in ended]
        if len(jobs) == 1:
            outcomes.append((jobs[0], Outcome(error=ended)))
            return []
        # Nobody has moved. Whoever is to blame fails when it goes alone.
        return [done for job in jobs for done in self._step([job], outcomes)]

    def _finish_blocks(self, jobs: Sequence[EchoJob], outcomes: Outcomes) -> None:
        """Decode what is certain of jobs that ended a block."""
        whole = []
        for job in jobs:
            if job.streams:
                self._guard(job, lambda job: self._send(job, outcomes), outcomes)
            elif self._guard(job, self._extend, outcomes) and job.progress.done:
                whole.append(job)
        if not whole:
            return
        decoded = _attempt(lambda: self._decode(whole), whole)
        if not isinstance(decoded, SpeechError):
            pairs = zip(whole, decoded, strict=True)
            outcomes += [(job, self._whole(job, pcm)) for job, pcm in pairs]
        elif len(whole) == 1:
            outcomes.append((whole[0], Outcome(error=decoded)))
        else:
            for job in whole:
                self._finish_blocks([job], outcomes)

    def _extend(self, job: EchoJob) -> None:
        """Draw a job again at full length if its speech did not end.

        The same seed draws the same noise, of which the shorter length saw the beginning.
        """
        trajectory = _trajectory(job)
        if not job.may_extend or has_ended(trajectory.latents, self._end):
            return
        job.may_extend = False
        plan = replace(job.progress.plan, blocks=(MAX_FRAMES,))
        job.progress = Progress(plan, job.progress.has_speaker)
        self._begin(job, trajectory.text, trajectory.speaker)

    def _decode(self, jobs: Iterable[EchoJob]) -> list[PCM]:
        drawn = [_trajectory(job).latents for job in jobs]
        kept = [latents[: find_end(latents, self._end)] for latents in drawn]
        return [_to_pcm(audio) for audio in self._codec.decode(kept)]

    def _whole(self, job: EchoJob, pcm: PCM) -> Outcome:
        num_frames = len(pcm) // self._codec.frame_samples
        return Outcome(pcm, ended=True, looks=_looks(job, num_frames))

    def _send(self, job: EchoJob, outcomes: Outcomes) -> None:
        """Decode what the last block made certain of a streaming job."""
        latents = _trajectory(job).latents
        ended = job.progress.done or has_ended(latents, self._end)
        stop = (find_end if ended else find_possible_end)(latents, self._end)
        pcm = np.zeros(0, np.float32) if ended and not job.num_sent else None
        if stop > job.num_sent:
            audio = self._codec.decode_next(latents[job.num_sent : stop], job.stream)
            job.num_sent, pcm = stop, _to_pcm(audio)
        outcomes.append((job, Outcome(pcm, ended, looks=_looks(job, stop))))

    def _pace(self) -> None:
        """Let the host run at most one tick ahead, so that a cancelled job stops in the next."""
        if self._device.type != "cuda":
            return
        event = torch.cuda.Event()
        event.record()
        if self._paced is not None:
            self._paced.synchronize()
        self._paced = event


def _attempt(action: Callable[[], T], jobs: Sequence[EchoJob]) -> T | SpeechError:
    """Return what `action` on `jobs` returns, or what its failure means to their callers.

    A handled exception holds the tensors of the pass that failed. They are free again when this
    returns: the next pass may need their memory.
    """
    try:
        return action()
    except torch.OutOfMemoryError:
        logger.warning("out of device memory: %s", _names(jobs))
    except SpeechError as error:
        return error
    except Exception as error:
        logger.error("failed: %s", _names(jobs), exc_info=error)
        return InternalError("The engine failed on this text")
    torch.cuda.empty_cache()
    return Overloaded(OUT_OF_MEMORY)


def _names(jobs: Sequence[EchoJob]) -> str:
    return ", ".join(f"request {job.request_id}" for job in jobs)


def _trajectory(job: EchoJob) -> Trajectory:
    assert job.trajectory is not None, "the job has started"
    return job.trajectory


def _looks(job: EchoJob, num_frames: int) -> Floats | None:
    """Return how the first frames look at the text, of a job that is timed."""
    if job.timer is None:
        return None
    return torch.cat(job.looks)[:num_frames].double().cpu().numpy()


def _to_pcm(audio: Tensor) -> PCM:
    pcm: PCM = upcast(audio).cpu().numpy()
    if not np.isfinite(pcm).all():  # an encoder might not survive it
        raise FloatingPointError("the audio is not finite")
    return pcm
