"""Many jobs through one forward pass: builds the lanes, combines the guidance, takes the step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from engine.echo.config import PATCH_FRAMES
from engine.echo.forward import Forward
from engine.echo.model.attention import KeyValues, Lane
from engine.echo.model.dit import EchoDiT
from engine.echo.model.packing import PlacedLane
from engine.echo.sampling import Progress, euler, guide, initial_noise


@dataclass
class Trajectory:
    """One job's tensors on its way from noise to latents.

    Attributes:
        progress: Its place in its plan.
        text: The keys and values of its text.
        speaker: Those of its voice, shared with other jobs and never written to; None without one.
        generator: The source of all its noise.
        latents: The blocks drawn so far, (T, latent_dim), at least in float32.
    """

    progress: Progress
    text: KeyValues
    speaker: KeyValues | None
    generator: torch.Generator
    latents: Tensor
    _x: Tensor | None = field(default=None, init=False, repr=False)
    _scaled_speaker: KeyValues | None = field(default=None, init=False, repr=False)
    _earlier: KeyValues | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        plan = self.progress.plan
        if self.speaker is not None and plan.speaker_kv_scale is not None:
            self._scaled_speaker = self.speaker.clone()
            self._scaled_speaker[: plan.speaker_kv_max_layers] *= plan.speaker_kv_scale

    def begin_block(self, dit: EchoDiT) -> None:
        """Draw the block's noise and encode the blocks before it, unless that is done."""
        if self._x is not None:
            return
        if len(self.latents):
            padding = -len(self.latents) % PATCH_FRAMES
            self._earlier = dit.latent_context(F.pad(self.latents, (0, 0, 0, padding)))
        self._x = initial_noise(
            self.progress.num_frames,
            dit.config.latent_dim,
            self.progress.plan.truncation,
            self.generator,
        ).to(self.latents.dtype)

    @property
    def x(self) -> Tensor:
        """The current block's state (T, latent_dim)."""
        assert self._x is not None, "begin_block comes first"
        return self._x

    def lanes(self) -> Iterator[PlacedLane]:
        """Yield the passes of the next step: all, then without text, then without speaker."""
        step = self.progress.current
        speaker = self._scaled_speaker if step.scaled else self.speaker
        yield self._lane(self.text, speaker)
        if self.progress.guides_text:
            yield self._lane(None, speaker)
        if self.progress.guides_speaker:
            yield self._lane(self.text, None)

    def _lane(self, text: KeyValues | None, speaker: KeyValues | None) -> PlacedLane:
        context = (part for part in (self._earlier, text, speaker) if part is not None)
        lane = Lane(self.progress.num_frames, tuple(context))
        return PlacedLane(lane, self.progress.start, self.progress.current.t)

    def after_step(self, velocities: Iterator[Tensor]) -> tuple[Tensor | None, Tensor]:
        """Return the block's state and all latents after a step with the lanes' `velocities`.

        The state is None where the step ends the block.
        """
        progress = self.progress
        cond = next(velocities)
        no_text = next(velocities) if progress.guides_text else None
        no_speaker = next(velocities) if progress.guides_speaker else None
        velocity = guide(cond, no_text, no_speaker, progress.plan)
        x = euler(self.x, velocity, progress.current)
        return (None, torch.cat([self.latents, x])) if progress.ends_block else (x, self.latents)

    def move(self, x: Tensor | None, latents: Tensor) -> bool:
        """Take over the result of `after_step`; return whether that ended a block."""
        self._x, self.latents = x, latents
        return self.progress.advance()


def denoise(forward: Forward, group: Sequence[Trajectory]) -> list[Trajectory]:
    """Take one step of every trajectory of `group`; return those that ended a block.

    If anything fails, no trajectory has advanced and the step can be taken again.
    """
    for trajectory in group:
        trajectory.begin_block(forward.dit)
    lanes = [tuple(trajectory.lanes()) for trajectory in group]
    flat = list(chain.from_iterable(lanes))
    x = torch.cat([t.x for t, own in zip(group, lanes, strict=True) for _ in own])
    velocities = iter(torch.split(forward(x, flat), [placed.lane.num_frames for placed in flat]))
    states = [trajectory.after_step(velocities) for trajectory in group]
    moves = zip(group, states, strict=True)
    return [trajectory for trajectory, state in moves if trajectory.move(*state)]
