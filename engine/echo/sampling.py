"""The sampler's mathematics: schedule, guidance, rescaling, Euler step.

Pure functions and plain data. t runs from 0.999 (noise) to 0 (speech).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise, repeat

import numpy as np
import torch
from torch import Tensor

from speech.errors import InvalidRequest
from speech.parameters import SamplerParameters

FIRST_T = 0.999
_MAX_RESCALE = 1e4  # of a state near 1: what is louder by more than that is not speech


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
    """True if the voice's keys and values are scaled."""
    rescale: Rescale | None


@dataclass(frozen=True)
class Block:
    """Frames that are drawn together, and the steps that draw them."""

    num_frames: int
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Plan:
    """A job's sampler parameters, and what they come to, worked out before its first step."""

    blocks: tuple[Block, ...]
    """A single one unless the job streams."""
    parameters: SamplerParameters


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
        return self.plan.blocks[self.block].num_frames

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the current block."""
        return self.plan.blocks[self.block].steps

    @property
    def current(self) -> Step:
        """The step to take next."""
        return self.steps[self.step]

    @property
    def guides_text(self) -> bool:
        """True if the step has a lane without text; at scale 0 that would change nothing."""
        return self.current.guided and self.plan.parameters.cfg_scale_text != 0

    @property
    def guides_speaker(self) -> bool:
        """True if the step has a lane without speaker."""
        guides = self.current.guided and self.plan.parameters.cfg_scale_speaker != 0
        return guides and self.has_speaker

    @property
    def lane_frames(self) -> int:
        """Frames times guidance lanes that the next step adds to a forward pass."""
        return self.num_frames * (1 + self.guides_text + self.guides_speaker)

    @property
    def ends_block(self) -> bool:
        """True if the next step is the block's last."""
        return self.step == len(self.steps) - 1

    def advance(self) -> bool:
        """Go on to the next step; return whether that ended a block."""
        if not self.ends_block:
            self.step += 1
            return False
        self.start += self.num_frames
        self.block, self.step = self.block + 1, 0
        return True


def make_plan(
    parameters: SamplerParameters,
    blocks: Sequence[int],
    dtype: torch.dtype = torch.float32,
    *,
    streams: bool = False,
) -> Plan:
    """Return the plan for `parameters`.

    Args:
        parameters: The caller's parameters over the checkpoint's defaults.
        blocks: Frames of each block.
        dtype: The model's. The sampler's state and its scalars are at least float32, and
            every scalar is rounded as upstream's are.
        streams: Whether the blocks take `stream_steps`, not `num_steps`.

    Raises:
        InvalidRequest: The score rescaling would drown the speech.
    """
    most = parameters.num_steps
    own = parameters.stream_steps if streams else None
    counts = [min(count, most) for count in own or (most,)]
    steps = {
        count: make_steps(replace(parameters, num_steps=count), dtype) for count in set(counts)
    }
    return Plan(
        tuple(
            Block(num_frames, steps[count])
            for num_frames, count in zip(blocks, chain(counts, repeat(counts[-1])), strict=False)
        ),
        parameters,
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
        v = v + plan.parameters.cfg_scale_text * (cond - no_text)
    if no_speaker is not None:
        v = v + plan.parameters.cfg_scale_speaker * (cond - no_speaker)
    return v


def euler(x: Tensor, v: Tensor, step: Step) -> Tensor:
    """Return the state after `step`, rescaling the velocity first where the step says so."""
    if (rescale := step.rescale) is not None:
        v = rescale.ratio * v + rescale.pull * x
    return x + v * step.dt
