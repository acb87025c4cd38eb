"""The ways of one step of many jobs: plain, or packed into tables for fused kernels and graphs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from engine.echo.model.attention import KeyValues
from engine.echo.model.dit import EchoDiT
from engine.echo.model.packing import PlacedLane
from engine.echo.sampling import Plan, Step


@dataclass(frozen=True)
class JobStep:
    """One job's Euler step, with the tensors that it starts from.

    Attributes:
        x: The block's state (T, latent_dim), at least in float32.
        plan: The job's plan, for its guidance.
        step: Its place in the schedule.
        cond: The lane with all context.
        no_text: The lane without text, for a step that is guided by it.
        no_speaker: The lane without speaker, likewise.
    """

    x: Tensor
    plan: Plan
    step: Step
    cond: PlacedLane
    no_text: PlacedLane | None = None
    no_speaker: PlacedLane | None = None

    @property
    def lanes(self) -> list[PlacedLane]:
        """The lanes that there are, in the order of a pass."""
        lanes = (self.cond, self.no_text, self.no_speaker)
        return [placed for placed in lanes if placed is not None]


class Forward(Protocol):
    """One way to take steps."""

    @property
    def dit(self) -> EchoDiT:
        """The model that it runs."""

    def text_context(self, tokens: Tensor, /) -> KeyValues:
        """Return `EchoDiT.text_context`."""

    def latent_context(self, latents: Tensor, /) -> KeyValues:
        """Return `EchoDiT.latent_context`."""

    def __call__(self, job_steps: Sequence[JobStep]) -> list[Tensor]:
        """Return the state after each of `job_steps`, computed in one pass of the model."""
