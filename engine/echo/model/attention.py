"""Joint attention over packed lanes of different length, each with keys of its own.

A lane's keys are its own frames and its *context*: text, speaker and earlier latents, projected
once per job. Guidance lanes simply lack the part they are denied, so nothing is ever masked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

KeyValues = Tensor
"""Keys and values of one context part for all layers, (layers, 2, P, H, D)."""


@dataclass(frozen=True)
class Lane:
    """One pass of one job: the number of its frames, and the context that they see, too."""

    num_frames: int
    context: tuple[KeyValues, ...]

    @property
    def num_keys(self) -> int:
        """Keys each of its frames sees."""
        return self.num_frames + sum(part.shape[2] for part in self.context)


class Attention(Protocol):
    """Joint attention of one forward pass."""

    def __call__(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attend with packed `q`, `k`, `v` (N, H, D) of all lanes; return (N, H, D)."""


class _Keys:
    """The keys and values of each lane: its own frames first, then its context."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self.num_frames = [lane.num_frames for lane in lanes]
        # Views by 2 layer + (0 for keys, 1 for values), made once: lanes share their parts.
        parts = {id(part): part for lane in lanes for part in lane.context}
        views = {name: part.flatten(0, 1).unbind() for name, part in parts.items()}
        self._contexts = [[views[id(part)] for part in lane.context] for lane in lanes]

    def parts(self, layer: int, k: Tensor, v: Tensor) -> Iterator[list[list[Tensor]]]:
        """Yield the keys of each lane, in parts, then the values, given their own `k` and `v`."""
        for index, own in ((2 * layer, k), (2 * layer + 1, v)):
            pairs = zip(torch.split(own, self.num_frames), self._contexts, strict=True)
            yield [[frames, *(views[index] for views in context)] for frames, context in pairs]


class LoopAttention:
    """One unmasked attention call per lane: any device, any dtype."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self._lanes = _Keys(lanes)

    def __call__(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """See `Attention`."""
        queries = torch.split(q, self._lanes.num_frames)
        lanes = zip(queries, *self._lanes.parts(layer, k, v), strict=True)
        return torch.cat([attend(x, torch.cat(ks), torch.cat(vs)) for x, ks, vs in lanes])


def attend(q: Tensor, k: Tensor, v: Tensor, *, causal: bool = False) -> Tensor:
    """Attend within one sequence, (N, H, D) each."""
    # (N, H, D) -> (1, H, N, D): with a batch axis torch picks its fused kernels.
    q, k, v = (y.transpose(0, 1)[None] for y in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v, is_causal=causal)[0].transpose(0, 1)


VarlenKernel = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, int, int], Tensor]
"""FlashAttention's packed form: q, k, v, query offsets, key offsets, longest query, longest key."""


class VarlenAttention:
    """All lanes in one FlashAttention call per layer: half precision on Ampere and later."""

    def __init__(self, lanes: Sequence[Lane], kernel: VarlenKernel, device: torch.device) -> None:
        self._lanes, self._kernel = _Keys(lanes), kernel
        num_keys = [lane.num_keys for lane in lanes]
        self._query_offsets = _offsets(self._lanes.num_frames, device)
        self._key_offsets = _offsets(num_keys, device)
        self._max_queries, self._max_keys = max(self._lanes.num_frames), max(num_keys)

    def __call__(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """See `Attention`."""
        parts = self._lanes.parts(layer, k, v)
        keys, values = (torch.cat(list(chain.from_iterable(each))) for each in parts)
        return self._kernel(
            q,
            keys,
            values,
            self._query_offsets,
            self._key_offsets,
            self._max_queries,
            self._max_keys,
        )


def _offsets(sizes: Sequence[int], device: torch.device) -> Tensor:
    return torch.tensor([0, *accumulate(sizes)], dtype=torch.int32).to(device, non_blocking=True)


def can_flash(device: torch.device, dtype: torch.dtype) -> bool:
    """Return whether FlashAttention runs there: in half precision on Ampere and later."""
    half = dtype in (torch.bfloat16, torch.float16)
    return half and device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)


def attention_for(lanes: Sequence[Lane], device: torch.device, dtype: torch.dtype) -> Attention:
    """Return the fastest attention that this device and dtype can run."""
    if can_flash(device, dtype):
        # It brings torch._dynamo: a second and 140 MB, for nothing where no GPU attends.
        from engine.echo.model.flash import flash

        return VarlenAttention(lanes, flash, device)
    return LoopAttention(lanes)
