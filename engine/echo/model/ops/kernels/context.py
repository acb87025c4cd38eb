"""The copy of the lanes' context into the workspace."""

from __future__ import annotations

import triton
import triton.language as tl

from engine.echo.model.packing import Segments, Workspace

_PROGRAMS = 32
"""Programs that share a segment's rows, the same number at any length: a graph fixes the grid."""


@triton.jit(do_not_specialize=["layer"])
def _copy_context(segments, layer, keys, values, PROGRAMS: tl.constexpr, C: tl.constexpr):
    """Copy every PROGRAMS-th row of one segment: its address, its rows and its first slot."""
    segment = segments + tl.program_id(0) * 3
    c = tl.arange(0, C)
    source = tl.load(segment).to(tl.pointer_type(keys.dtype.element_ty))
    num_rows = tl.load(segment + 1)
    slot = tl.load(segment + 2)
    source = tl.multiple_of(source, 16) + layer * 2 * num_rows * C
    for row in range(tl.program_id(1), num_rows, PROGRAMS):
        to = (slot + row) * C
        tl.store(keys + to + c, tl.load(source + row * C + c))
        tl.store(values + to + c, tl.load(source + (num_rows + row) * C + c))


def copy_context(segments: Segments, layer: int, workspace: Workspace) -> None:
    """See `Ops`. The rows are found by their address, so one captured launch serves all jobs."""
    _copy_context[(len(segments.table), _PROGRAMS)](
        segments.table,
        layer,
        workspace.keys,
        workspace.values,
        PROGRAMS=_PROGRAMS,
        C=workspace.keys[0].numel(),
    )
