"""The elementwise product within an MLP."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

_BLOCK = 1024


@triton.jit
def _silu_mul(w13, out, F, BLOCK: tl.constexpr):
    n = tl.program_id(0).to(tl.int64)
    f = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    ok = f < F
    kind = out.dtype.element_ty
    a = tl.load(w13 + n * 2 * F + f, mask=ok, other=0.0).to(tl.float32)
    b = tl.load(w13 + n * 2 * F + F + f, mask=ok, other=0.0).to(tl.float32)
    s = (a / (1.0 + tl.exp(-a))).to(kind).to(tl.float32)
    tl.store(out + n * F + f, (s * b).to(kind), mask=ok)


def silu_mul(w13: Tensor) -> Tensor:
    """See `Ops`."""
    num_positions, dim = len(w13), w13.shape[1] // 2
    out = torch.empty((num_positions, dim), dtype=w13.dtype, device=w13.device)
    _silu_mul[(num_positions, triton.cdiv(dim, _BLOCK))](w13, out, dim, BLOCK=_BLOCK)
    return out
