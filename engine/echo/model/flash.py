"""FlashAttention over packed lanes, as torch 2.11 to 2.13 offer it.

The differences between these releases are looked up once, on import.
"""

from __future__ import annotations

from collections.abc import Collection
from inspect import signature

from torch import Tensor
from torch.nn.attention.varlen import varlen_attn


def one_split(parameters: Collection[str]) -> dict[str, int]:
    """Return the arguments that keep a sum over a lane's keys from being split.

    A split would depend on the other lanes of the batch, and so would the rounding. Releases
    without such an argument never split a packed call.

    Args:
        parameters: The names that the function to be called knows.
    """
    return {"num_splits": 1} if "num_splits" in parameters else {}


_PUBLIC = one_split(signature(varlen_attn).parameters)


def flash(
    q: Tensor, k: Tensor, v: Tensor, cu_q: Tensor, cu_k: Tensor, max_q: int, max_k: int
) -> Tensor:
    """Attend within each lane.

    Args:
        q: Queries of all lanes, (N, H, D), in half precision on a GPU.
        k: Keys, (K, H, D).
        v: Values, (K, H, D).
        cu_q: The first query of each lane, and the end, (lanes + 1,) int32.
        cu_k: The first key of each lane, and the end, likewise.
        max_q: A bound of a lane's queries.
        max_k: A bound of its keys.
    """
    out = varlen_attn(q, k, v, cu_q, cu_k, max_q, max_k, **_PUBLIC)  # type: ignore[arg-type] # by release
    assert isinstance(out, Tensor), "nothing else was asked for"
    return out
