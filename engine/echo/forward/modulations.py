"""The transformer's modulation by t, computed once per distinct t.

Each row is computed alone, so that its bits do not depend on the rest of the batch.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor

from engine.echo.model.dit import ATTENTION, EchoDiT
from engine.echo.model.ops.plain import SCALE

MAX_ENTRIES = 256
"""Distinct t whose rows are kept: those of six jobs with unlike numbers of steps around 40."""


class Modulations:
    """A cache of rows as separate tensors; the least recently used ones are dropped."""

    def __init__(self, dit: EchoDiT, max_entries: int = MAX_ENTRIES) -> None:
        self._dit, self._max_entries = dit, max_entries
        self._entries: OrderedDict[float, Tensor] = OrderedDict()

    def __call__(self, t: float) -> Tensor:
        """Return `EchoDiT.modulation(t)`."""
        if t not in self._entries:
            self._entries[t] = self._dit.modulation(t)
            if len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)
        self._entries.move_to_end(t)
        return self._entries[t]


class ModulationTable:
    """A cache of rows in one tensor, which never moves: a captured graph reads it by row number.

    Args:
        dit: The model.
        num_rows: The number of rows; at least as many as there are different t in a pass.

    Attributes:
        table: The rows, (num_rows, layers + 1, 2, 3, C): after those of the layers, at every t
            the same, that of the norm before the output.
    """

    def __init__(self, dit: EchoDiT, num_rows: int = 128) -> None:
        self._dit = dit
        layers, *row = dit.adaln_bias.shape
        shape = (num_rows, layers + 1, *row)
        self.table = torch.zeros(shape, dtype=dit.dtype, device=dit.device)
        self.table[:, -1, ATTENTION, SCALE] = dit.out_norm
        self._rows: OrderedDict[float, int] = OrderedDict()

    def rows(self, ts: Sequence[float]) -> list[int]:
        """Return the row of each of `ts`; one that is missing takes the row longest unused."""
        distinct = dict.fromkeys(ts)
        assert len(distinct) <= len(self.table), "a pass brings at most one t per job"
        for t in distinct:
            if t in self._rows:
                self._rows.move_to_end(t)
        for t in distinct:
            if t not in self._rows:
                row = self._dit.modulation(t)
                place = self._free_row()
                self.table[place, :-1].copy_(row)
                self._rows[t] = place
        return [self._rows[t] for t in ts]

    def _free_row(self) -> int:
        if len(self._rows) < len(self.table):
            return len(self._rows)
        return self._rows.popitem(last=False)[1]
