"""The pass as `EchoDiT.forward` defines it: any device, any dtype, any list of lanes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from engine.echo.forward import JobStep
from engine.echo.forward.modulations import Modulations
from engine.echo.model.attention import Attention, KeyValues, Lane, attention_for
from engine.echo.model.dit import EchoDiT, Positions
from engine.echo.model.packing import PlacedLane
from engine.echo.sampling import euler, guide

MakeAttention = Callable[[Sequence[Lane], torch.device, torch.dtype], Attention]


class PlainForward:
    """A `Forward` that calls the model as it is.

    Args:
        dit: The model.
        modulations: The cache of its modulation; one of its own unless given.
        make_attention: Chooses the attention of a pass.
    """

    def __init__(
        self,
        dit: EchoDiT,
        modulations: Modulations | None = None,
        make_attention: MakeAttention = attention_for,
    ) -> None:
        self.dit = dit
        self._modulations = modulations or Modulations(dit)
        self._make_attention = make_attention

    def text_context(self, tokens: Tensor, /) -> KeyValues:
        """See `Forward`."""
        return self.dit.text_context(tokens)

    def latent_context(self, latents: Tensor, /) -> KeyValues:
        """See `Forward`."""
        return self.dit.latent_context(latents)

    def __call__(self, job_steps: Sequence[JobStep]) -> list[Tensor]:
        """See `Forward`."""
        lanes = [placed for job_step in job_steps for placed in job_step.lanes]
        x = torch.cat([job_step.x for job_step in job_steps for _ in job_step.lanes])
        sizes = [placed.lane.num_frames for placed in lanes]
        velocities = iter(torch.split(self.velocity(x, lanes), sizes))
        return [_after(job_step, velocities) for job_step in job_steps]

    def velocity(self, x: Tensor, lanes: Sequence[PlacedLane]) -> Tensor:
        """Return the velocity (N, latent_dim) of `lanes`, whose states `x` holds one by one."""
        out: Tensor = self.dit(x, self._positions(lanes), self._attention(lanes))
        return out

    def run_blocks(self, x: Tensor, lanes: Sequence[PlacedLane], num_blocks: int) -> Tensor:
        """Return what the first blocks make of `x`, see `EchoDiT.run_blocks`."""
        return self.dit.run_blocks(x, self._positions(lanes), self._attention(lanes), num_blocks)

    def _attention(self, lanes: Sequence[PlacedLane]) -> Attention:
        return self._make_attention(
            [placed.lane for placed in lanes], self.dit.device, self.dit.dtype
        )

    def _positions(self, lanes: Sequence[PlacedLane]) -> Positions:
        counts = [placed.lane.num_frames for placed in lanes]
        rotations = [
            self.dit.rotation(placed.start, placed.start + count)
            for placed, count in zip(lanes, counts, strict=True)
        ]
        ts = sorted({placed.t for placed in lanes})
        row_of_position = None
        if len(ts) > 1:
            rows = torch.tensor([ts.index(placed.t) for placed in lanes])
            row_of_position = torch.repeat_interleave(rows, torch.tensor(counts))
            row_of_position = row_of_position.to(self.dit.device, non_blocking=True)
        table = torch.stack([self._modulations(t) for t in ts])
        return Positions(torch.cat(rotations), table, row_of_position)


def _after(job_step: JobStep, velocities: Iterator[Tensor]) -> Tensor:
    """Return the state after `job_step`, whose lanes' velocities come next."""
    cond = next(velocities)
    no_text = None if job_step.no_text is None else next(velocities)
    no_speaker = None if job_step.no_speaker is None else next(velocities)
    return euler(job_step.x, guide(cond, no_text, no_speaker, job_step.plan), job_step.step)
