"""The sampler's mathematics: schedule, guidance, rescaling, Euler step, end of speech.

Pure functions and plain data. t runs from 0.999 (noise) to 0 (speech).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from engine.echo.config import EndConfig
from engine.echo.speech_end import choose_end, earliest_end
from speech.errors import InvalidRequest
from speech.parameters import SamplerParameters

FIRST_T = 0.999
_MAX_RESCALE = 1e4  # of a state near 1: what is louder by more than that is not speech
PUBLISHED_END = EndConfig()


@dataclass(frozen=True)
class Rescale:
    """Temporal score rescaling of one step: v <- ratio v + pull x.

    Upstream computes (ratio ((1 - t) v + x) - x) / (1 - t), whose difference loses digits that
    1 - t = 0.001 then magnifies; this is the same without the difference.
    """

    ratio: float
    pull: float
    """(ratio - 1) / (1 - t)."""


@dataclass(frozen=True)
class Step:
    """One Euler step."""

    t: float
    dt: float
    """The difference to the next t; negative."""
    guided: bool
    scaled: bool
    """Whether the voice's keys and values are scaled."""
    rescale: Rescale | None


@dataclass(frozen=True)
class Plan:
    """A job's sampler parameters, worked out before its first step."""

    steps: tuple[Step, ...]
    blocks: tuple[int, ...]
    """Frames of each block; a single one unless the job streams."""
    text_scale: float
    speaker_scale: float
    truncation: float | None
    speaker_kv_scale: float | None
    speaker_kv_max_layers: int | None


@dataclass
class Progress:
    """A job's place in its plan, and the cost of its next step; holds no tensor."""

    plan: Plan
    has_speaker: bool
    start: int = 0
    """Frames before the current block."""
    block: int = 0
    step: int = 0

    @property
    def done(self) -> bool:
        """True once every block is drawn."""
        return self.block == len(self.plan.blocks)

    @property
    def num_frames(self) -> int:
        """Frames of the current block."""
        return self.plan.blocks[self.block]

    @property
    def current(self) -> Step:
        """The step to take next."""
        return self.plan.steps[self.step]

    @property
    def guides_text(self) -> bool:
        """True if the step has a lane without text; at scale 0 that would change nothing."""
        return self.current.guided and self.plan.text_scale != 0

    @property
    def guides_speaker(self) -> bool:
        """True if the step has a lane without speaker."""
        return self.current.guided and self.has_speaker and self.plan.speaker_scale != 0

    @property
    def lane_frames(self) -> int:
        """Frames times guidance lanes that the next step adds to a forward pass."""
        return self.num_frames * (1 + self.guides_text + self.guides_speaker)

    @property
    def ends_block(self) -> bool:
        """True if the next step is the block's last."""
        return self.step == len(self.plan.steps) - 1

    def advance(self) -> bool:
        """Go on to the next step; return whether that ended a block."""
        if not self.ends_block:
            self.step += 1
            return False
        self.start += self.num_frames
        self.block, self.step = self.block + 1, 0
        return True


def make_plan(
    parameters: SamplerParameters, blocks: Sequence[int], dtype: torch.dtype = torch.float32
) -> Plan:
    """Return the plan for `parameters`.

    Args:
        parameters: The caller's parameters over the checkpoint's defaults.
        blocks: Frames of each block.
        dtype: The model's. The sampler's state and its scalars are at least float32, and
            every scalar is rounded as upstream's are.
    """
    return Plan(
        steps=make_steps(parameters, dtype),
        blocks=tuple(blocks),
        text_scale=parameters.cfg_scale_text,
        speaker_scale=parameters.cfg_scale_speaker,
        truncation=parameters.truncation_factor,
        speaker_kv_scale=parameters.speaker_kv_scale,
        speaker_kv_max_layers=parameters.speaker_kv_max_layers,
    )


def make_steps(parameters: SamplerParameters, dtype: torch.dtype) -> tuple[Step, ...]:
    """Return the Euler steps for a model of `dtype`; see `make_plan`.

    Raises:
        InvalidRequest: The score rescaling would drown the speech.
    """
    dtype = torch.promote_types(dtype, torch.float32)
    scalar = np.float64 if dtype == torch.float64 else np.float32
    schedule = torch.linspace(1.0, 0.0, parameters.num_steps + 1, dtype=dtype) * FIRST_T
    ts = [scalar(t) for t in schedule.tolist()]
    low, high = scalar(parameters.cfg_min_t), scalar(parameters.cfg_max_t)
    min_t = parameters.speaker_kv_min_t
    scaled = parameters.speaker_kv_scale is not None
    steps = []
    for t, t_next in pairwise(ts):
        guided = bool(low <= t <= high)
        rescale = _rescale(parameters, float(t))
        steps.append(Step(float(t), float(t_next - t), guided, scaled, rescale))
        if min_t is not None and t_next < scalar(min_t) <= t:
            scaled = False  # from the step after the one that crosses min_t
    _check_rescale(parameters, steps)
    return tuple(steps)


def _rescale(parameters: SamplerParameters, t: float) -> Rescale | None:
    k, sigma = parameters.rescale_k, parameters.rescale_sigma
    if k is None or sigma is None:
        return None
    noise_ratio = sigma / t  # squared by hand: where `**` overflows, it raises
    signal_to_noise = (1 - t) * noise_ratio * (1 - t) * noise_ratio
    divisor = signal_to_noise / k + 1
    pull = (1 - t) * noise_ratio * noise_ratio * (1 - 1 / k) / divisor
    return Rescale((signal_to_noise + 1) / divisor, pull)


def _check_rescale(parameters: SamplerParameters, steps: Sequence[Step]) -> None:
    gain = 1.0
    for step in steps:
        if (rescale := step.rescale) is not None:
            gain *= max(1.0, abs(1 + rescale.pull * step.dt))
            if not (gain < _MAX_RESCALE and rescale.ratio < _MAX_RESCALE):  # NaN counts as more
                raise InvalidRequest(
                    f"Invalid parameter 'rescale_k': {parameters.rescale_k:g} with "
                    f"'rescale_sigma' {parameters.rescale_sigma:g} drowns the speech",
                    "rescale_k",
                )


def initial_noise(
    num_frames: int, latent_dim: int, truncation: float | None, generator: torch.Generator
) -> Tensor:
    """Draw the noise (T, latent_dim) that a block starts from, in float32."""
    shape = (num_frames, latent_dim)
    noise = torch.randn(shape, generator=generator, device=generator.device, dtype=torch.float32)
    # In place: after the generator has moved, nothing may fail for want of memory.
    return noise if truncation is None else noise.mul_(truncation)


def guide(cond: Tensor, no_text: Tensor | None, no_speaker: Tensor | None, plan: Plan) -> Tensor:
    """Return the velocity, pushed away from the ones without text and without speaker."""
    v = cond
    if no_text is not None:
        v = v + plan.text_scale * (cond - no_text)
    if no_speaker is not None:
        v = v + plan.speaker_scale * (cond - no_speaker)
    return v


def euler(x: Tensor, v: Tensor, step: Step) -> Tensor:
    """Return the state after `step`, rescaling the velocity first where the step says so."""
    if (rescale := step.rescale) is not None:
        v = rescale.ratio * v + rescale.pull * x
    return x + v * step.dt


@dataclass(frozen=True)
class SpeechEnd:
    """The end of the speech in some latents, as far as they tell.

    Attributes:
        frame: See `find_end`.
        possible_frame: See `find_possible_end`.
        is_certain: See `has_ended`.
    """

    frame: int
    possible_frame: int
    is_certain: bool


def find_ends(
    batch: Sequence[Tensor],
    end: EndConfig = PUBLISHED_END,
    expected: Sequence[float] | None = None,
) -> list[SpeechEnd]:
    """Return the end of each of `batch`; the host waits for the device once.

    Args:
        batch: The latents drawn so far of each take.
        end: The shape of an end.
        expected: Frames that each take's text should take: ends are held against them, as
            `speech_end.choose_end` says. None takes each first flat window for the end.
    """
    flags = [torch.stack((_is_flat(latents, end), _may_be_flat(latents, end))) for latents in batch]
    found = torch.cat(flags, dim=1).cpu().numpy()
    stops = list(accumulate(len(latents) for latents in batch))
    ends = []
    expected = expected or [0.0] * len(batch)
    for start, stop, frames in zip([0, *stops[:-1]], stops, expected, strict=True):
        is_flat, may_be_flat = found[:, start:stop]
        frame = choose_end(is_flat, frames)
        may_be_flat[: earliest_end(frames)] = False
        possible = int(may_be_flat.argmax()) if may_be_flat.any() else stop - start
        ends.append(SpeechEnd(frame, possible, frame + end.frames <= stop - start))
    return ends


def find_end(latents: Tensor, end: EndConfig = PUBLISHED_END) -> int:
    """Return the first frame from which on a window is flat near 0: there the speech has ended.

    Latents are (T, latent_dim) and count as followed by silence; T if they are never flat.
    """
    return int(_first(_is_flat(latents, end)))


def has_ended(latents: Tensor, end: EndConfig = PUBLISHED_END) -> bool:
    """Return whether the speech ends within `latents` (T, latent_dim), whatever comes after T."""
    return find_end(latents, end) + end.frames <= len(latents)


def find_possible_end(latents: Tensor, end: EndConfig = PUBLISHED_END) -> int:
    """Return the first frame from which the speech may have ended, whatever comes after T.

    Frames before it are certain to be kept by `find_end` once the rest is known.
    """
    return int(_first(_may_be_flat(latents, end)))


def _is_flat(latents: Tensor, end: EndConfig) -> Tensor:
    padded = F.pad(latents, (0, 0, 0, end.frames))
    windows = padded.unfold(0, end.frames, 1)[: len(latents)]
    return (windows.std(dim=(1, 2)) < end.std) & (windows.mean(dim=(1, 2)).abs() < end.mean)


def _may_be_flat(latents: Tensor, end: EndConfig) -> Tensor:
    num_frames, dim = latents.shape
    padded = F.pad(latents, (0, 0, 0, end.frames))
    windows = padded.unfold(0, end.frames, 1)[:num_frames]
    known = (num_frames - torch.arange(num_frames, device=latents.device)).clamp(max=end.frames)
    # The spread of a window is at least that of its known part about that part's own mean.
    counts = known * dim
    mean = windows.sum(dim=(1, 2)) / counts
    present = torch.arange(end.frames, device=latents.device) < known[:, None]
    squares = ((windows - mean[:, None, None]) ** 2 * present[:, None]).sum(dim=(1, 2))
    # A thousandth of room: `_is_flat` rounds otherwise.
    may_be_flat = squares < end.std**2 * (end.frames * dim - 1) * 1.001
    complete = known == end.frames
    return may_be_flat & (~complete | (mean.abs() < end.mean * 1.001))


def _first(flags: Tensor) -> Tensor:
    """Return the index of the first True, or the length, without waiting for the device."""
    places = torch.arange(len(flags) + 1, device=flags.device)
    return torch.where(F.pad(flags, (0, 1), value=True), places, len(flags)).amin()
