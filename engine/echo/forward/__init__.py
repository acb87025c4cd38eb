"""The ways of one forward pass: plain, or packed into tables for fused kernels and graphs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from engine.echo.model.dit import EchoDiT
from engine.echo.model.packing import PlacedLane


class Forward(Protocol):
    """One way to compute velocities."""

    @property
    def dit(self) -> EchoDiT:
        """The model that it runs."""

    def __call__(self, x: Tensor, lanes: Sequence[PlacedLane]) -> Tensor:
        """Return the velocity (N, latent_dim) of `lanes`, whose states `x` holds one by one.

        The result lasts until the next call.
        """
