"""The codec's transformer: causal, each position sees a window of the last ones, channels first.

It can run over a whole sequence or block by block: the keys and values that later positions still
see go into `History` and come back with the next block, with the same result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from engine.echo.config import WindowConfig
from engine.echo.model.layers import MLP, normalized, rotary_table, rotate

NORM_EPS = 1e-5


@dataclass(frozen=True)
class History:
    """A transformer's memory of the positions before a block.

    Attributes:
        position: The number of positions before.
        keys_values: Per layer, (2, B, H, W, D) of the last W < window positions.
    """

    position: int
    keys_values: tuple[Tensor, ...]


def _norm(x: Tensor, weight: Tensor) -> Tensor:
    # Unlike the diffusion transformer's norm this one rounds before the weight.
    return normalized(x, NORM_EPS).to(x.dtype) * weight


class WindowBlock(nn.Module):
    """Attention and MLP with LayerScale."""

    def __init__(self, dim: int, head_dim: int, config: WindowConfig) -> None:
        super().__init__()
        self.head_dim = head_dim
        inner_dim = config.num_heads * head_dim
        self.wqkv = nn.Linear(dim, 3 * inner_dim, bias=False)
        self.wo = nn.Linear(inner_dim, dim, bias=False)
        self.feed_forward = MLP(dim, config.mlp_dim)
        self.attention_norm = nn.Parameter(torch.empty(dim))
        self.ffn_norm = nn.Parameter(torch.empty(dim))
        self.attention_gamma = nn.Parameter(torch.empty(dim))
        self.ffn_gamma = nn.Parameter(torch.empty(dim))

    def forward(
        self, x: Tensor, rotation: Tensor, mask: Tensor, past: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Map `x` (B, T, C); also return keys and values (2, B, H, W + T, D), `past` included."""
        batch, num_positions, _ = x.shape
        qkv = self.wqkv(_norm(x, self.attention_norm)).unflatten(-1, (3, -1, self.head_dim))
        q, k, v = qkv.unbind(2)  # (B, T, H, D) each
        q, k = (rotate(y.flatten(0, 1), rotation).view_as(y) for y in (q, k))
        keys_values = torch.stack([k, v]).transpose(2, 3)
        if past is not None:
            keys_values = torch.cat([past, keys_values], dim=3)
        attended = F.scaled_dot_product_attention(
            q.transpose(1, 2), keys_values[0], keys_values[1], attn_mask=mask
        )
        merged = attended.transpose(1, 2).reshape(batch, num_positions, -1)
        x = x + self.attention_gamma * self.wo(merged)
        x = x + self.ffn_gamma * self.feed_forward(_norm(x, self.ffn_norm))
        return x, keys_values


class WindowTransformer(nn.Module):
    """A stack of blocks over (B, C, T)."""

    freqs_cis: Tensor
    """(positions, D / 2, 2), as the checkpoint has it: rounded to bfloat16, whatever its dtype."""

    def __init__(self, dim: int, head_dim: int, config: WindowConfig) -> None:
        super().__init__()
        self.config, self.head_dim = config, head_dim
        self.layers = nn.ModuleList(
            WindowBlock(dim, head_dim, config) for _ in range(config.num_layers)
        )
        self.norm = nn.Parameter(torch.empty(dim))
        shape = (config.max_positions, head_dim // 2, 2)
        self.register_buffer("freqs_cis", torch.empty(shape), persistent=False)

    def reset_table(self) -> None:
        """Fill the rotary table with the values that every known checkpoint holds."""
        num_positions = self.config.max_positions
        table = rotary_table(self.head_dim, num_positions, torch.device("cpu"), torch.float32)
        self.freqs_cis.copy_(table.transpose(1, 2).to(torch.bfloat16))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, T), a whole sequence, to (B, C, T)."""
        return self.attend(x)[0]

    def history(self, position: int, keys_values: Sequence[Tensor]) -> History:
        """Return what later positions see of the keys and values of those before `position`.

        As copies: a view would keep those that no position sees any more.
        """
        first = 1 - self.config.window
        return History(position, tuple(each[:, :, :, first:].clone() for each in keys_values))

    def attend(self, x: Tensor, past: History | None = None) -> tuple[Tensor, list[Tensor]]:
        """Map (B, C, T) to (B, C, T); also return each layer's keys and values, `past` included."""
        batch, _, num_positions = x.shape
        start = past.position if past else 0
        num_past = past.keys_values[0].shape[3] if past else 0
        rotation = self.freqs_cis[start : start + num_positions].transpose(1, 2)
        rotation = rotation.repeat(batch, 1, 1)
        mask = self._mask(num_positions, num_past)
        x = x.transpose(1, 2)
        kept = []
        for i, layer in enumerate(self.layers):
            x, keys_values = layer(x, rotation, mask, past.keys_values[i] if past else None)
            kept.append(keys_values)
        return _norm(x, self.norm).transpose(1, 2), kept

    def _mask(self, num_positions: int, num_past: int) -> Tensor:
        """Return the mask (T, num_past + T) of the keys that each query sees."""
        queries = torch.arange(num_positions, device=self.norm.device)[:, None] + num_past
        keys = torch.arange(num_past + num_positions, device=self.norm.device)
        return (keys <= queries) & (keys > queries - self.config.window)
