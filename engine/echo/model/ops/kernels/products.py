"""Products with weights, and the elementwise one within an MLP."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from engine.echo.model.ops.kernels.few_rows import multiply, suits
from engine.echo.model.ops.kernels.launch import launch_options, wait

_BLOCK = 1024


@triton.jit
def _silu_mul(w13, out, F, BLOCK: tl.constexpr, CHAINED: tl.constexpr):
    n = tl.program_id(0).to(tl.int64)
    f = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    ok = f < F
    kind = out.dtype.element_ty
    wait(CHAINED)
    a = tl.load(w13 + n * 2 * F + f, mask=ok, other=0.0).to(tl.float32)
    b = tl.load(w13 + n * 2 * F + F + f, mask=ok, other=0.0).to(tl.float32)
    s = (a / (1.0 + tl.exp(-a))).to(kind).to(tl.float32)
    tl.store(out + n * F + f, (s * b).to(kind), mask=ok)


def silu_mul(w13: Tensor) -> Tensor:
    """Return the first half of the columns of `w13` (N, 2 F) under SiLU, times the second."""
    num_positions, dim = len(w13), w13.shape[1] // 2
    out = torch.empty((num_positions, dim), dtype=w13.dtype, device=w13.device)
    grid = (num_positions, triton.cdiv(dim, _BLOCK))
    _silu_mul[grid](w13, out, dim, BLOCK=_BLOCK, **launch_options(w13))
    return out


def linear(x: Tensor, weight: Tensor) -> Tensor:
    """See `Ops`."""
    return multiply(x, weight)[0] if suits(x) else F.linear(x, weight)


def silu_linear(x: Tensor, weight: Tensor) -> Tensor:
    """See `Ops`."""
    return multiply(x, weight, gated=True)[0] if suits(x) else silu_mul(F.linear(x, weight))


def linear_in_parts(x: Tensor, weight: Tensor) -> Tensor:
    """Return parts (S, N, C_out) whose sum is `linear`; in float32 where there are several."""
    return multiply(x, weight, splits=True) if suits(x) else F.linear(x, weight)[None]
