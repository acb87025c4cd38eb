"""Many jobs through one forward pass: builds their lanes and takes their steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from engine.echo.config import PATCH_FRAMES
from engine.echo.forward import Forward, JobStep
from engine.echo.model.attention import KeyValues, Lane
from engine.echo.model.dit import EchoDiT
from engine.echo.model.packing import PlacedLane
from engine.echo.sampling import Progress, initial_noise


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
        given = self.progress.plan.parameters
        if self.speaker is not None and given.speaker_kv_scale is not None:
            self._scaled_speaker = self.speaker.clone()
            self._scaled_speaker[: given.speaker_kv_max_layers] *= given.speaker_kv_scale

    def begin_block(self, latent_context: Callable[[Tensor], KeyValues]) -> None:
        """Draw the block's noise and encode the blocks before it, unless that is done."""
        if self._x is not None:
            return
        if len(self.latents):
            padding = -len(self.latents) % PATCH_FRAMES
            self._earlier = latent_context(F.pad(self.latents, (0, 0, 0, padding)))
        self._x = initial_noise(
            self.progress.num_frames,
            self.latents.shape[1],
            self.progress.plan.parameters.truncation_factor,
            self.generator,
        ).to(self.latents.dtype)

    @property
    def x(self) -> Tensor:
        """The current block's state (T, latent_dim)."""
        assert self._x is not None, "begin_block comes first"
        return self._x

    def next_step(self) -> JobStep:
        """Return the next step."""
        progress, step = self.progress, self.progress.current
        speaker = self._scaled_speaker if step.scaled else self.speaker
        return JobStep(
            self.x,
            progress.plan,
            step,
            cond=self._lane(self.text, speaker),
            no_text=self._lane(None, speaker) if progress.guides_text else None,
            no_speaker=self._lane(self.text, None) if progress.guides_speaker else None,
        )

    def _lane(self, text: KeyValues | None, speaker: KeyValues | None) -> PlacedLane:
        context = (part for part in (self._earlier, text, speaker) if part is not None)
        lane = Lane(self.progress.num_frames, tuple(context))
        return PlacedLane(lane, self.progress.start, self.progress.current.t)

    def with_block(self, x: Tensor) -> Tensor | None:
        """Return all latents if the step that led to `x` ends the block; else None."""
        return torch.cat([self.latents, x]) if self.progress.ends_block else None

    def advance_to(self, x: Tensor, latents: Tensor | None) -> bool:
        """Take over a step's state and the result of `with_block`; return whether that ended it."""
        self._x = x if latents is None else None
        self.latents = self.latents if latents is None else latents
        return self.progress.advance()


def new_trajectory(
    dit: EchoDiT, progress: Progress, text: KeyValues, speaker: KeyValues | None, seed: int
) -> Trajectory:
    """Return the trajectory of a job of which nothing is drawn, with noise of `seed`."""
    dtype = torch.promote_types(dit.dtype, torch.float32)
    generator = torch.Generator(dit.device).manual_seed(seed)
    latents = torch.empty((0, dit.config.latent_dim), device=dit.device, dtype=dtype)
    return Trajectory(progress, text, speaker, generator, latents)


def denoise(forward: Forward, group: Sequence[Trajectory]) -> list[Trajectory]:
    """Take one step of every trajectory of `group`; return those that ended a block.

    If anything fails, no trajectory has advanced and the step can be taken again.
    """
    for trajectory in group:
        trajectory.begin_block(forward.latent_context)
    states = forward([trajectory.next_step() for trajectory in group])
    after = list(zip(group, states, strict=True))
    latents = [trajectory.with_block(x) for trajectory, x in after]
    results = zip(after, latents, strict=True)
    return [trajectory for (trajectory, x), drawn in results if trajectory.advance_to(x, drawn)]
