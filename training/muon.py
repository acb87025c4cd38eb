"""Muon: momentum whose every matrix is made nearly orthogonal before it is applied.

All directions of a matrix then learn at one pace, which takes some two thirds of the steps that
AdamW does. For matrices only; embeddings, norms and biases keep AdamW.

Source: Keller Jordan et al., https://kellerjordan.github.io/posts/muon/; the scale that lets it
share AdamW's learning rate from Moonshot AI, arXiv 2502.16982.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_NUM_ITERATIONS = 4
_ADAMW_RMS = 0.2
"""The root mean square of an update by AdamW, over its learning rate."""


def orthogonalize(matrices: Tensor) -> Tensor:
    """Return the nearest semi-orthogonal `matrices` (N, A, B), singular values roughly 1."""
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    norm: Tensor = torch.linalg.matrix_norm(x, keepdim=True)
    x = x / (norm + 1e-7)
    a, b, c = _COEFFICIENTS
    for _ in range(_NUM_ITERATIONS):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """Parameters are matrices, or stacks of them in their leading axes."""

    def __init__(
        self, parameters: Iterable[Tensor], lr: float, momentum: float, weight_decay: float
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # no closure here
        """Take one step."""
        for group in self.param_groups:
            shapes: dict[torch.Size, list[tuple[Tensor, Tensor]]] = defaultdict(list)
            for p in group["params"]:
                state = self.state[p]
                average = state.setdefault("momentum", torch.zeros_like(p))
                average.lerp_(p.grad, 1 - group["momentum"])
                ahead = torch.lerp(p.grad, average, group["momentum"])
                shapes[p.shape[-2:]].append((p, ahead))
            for (rows, columns), pairs in shapes.items():
                stack = torch.cat([ahead.reshape(-1, rows, columns) for _, ahead in pairs])
                update = orthogonalize(stack) * (_ADAMW_RMS * max(rows, columns) ** 0.5)
                sizes = [p.numel() // (rows * columns) for p, _ in pairs]
                for (p, _), part in zip(pairs, update.split(sizes), strict=True):
                    p.mul_(1 - group["lr"] * group["weight_decay"])
                    p.sub_(part.reshape(p.shape), alpha=group["lr"])
