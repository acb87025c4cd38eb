"""The codec's residual vector quantiser, used to encode reference audio.

Ties and roundings decide codes, so every operation is the published one, in its order.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from engine.echo.codecs.dac.layers import NormedConv


class Codebook(nn.Module):
    """One codebook of few-dimensional, length-normalised codes."""

    def __init__(self, dim: int, num_codes: int, code_dim: int) -> None:
        super().__init__()
        self.in_proj = NormedConv(dim, code_dim, 1)
        self.out_proj = NormedConv(code_dim, dim, 1)
        codes = torch.empty(num_codes, code_dim)
        self.codebook = nn.Embedding.from_pretrained(codes, freeze=False)

    def nearest(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return the codes (B, T) nearest to `z` (B, C, T), and their vectors (B, C, T)."""
        projected = self.in_proj(z)
        vectors = F.normalize(projected.transpose(1, 2).flatten(0, 1))
        codebook = F.normalize(self.codebook.weight)
        distances = (
            vectors.pow(2).sum(1, keepdim=True)
            - 2 * vectors @ codebook.t()
            + codebook.pow(2).sum(1, keepdim=True).t()
        )
        codes = (-distances).max(1)[1].view(len(z), -1)
        chosen = self.codebook(codes).transpose(1, 2)
        # The training form of rounding: not quite `chosen` in floating point.
        return codes, self.out_proj(projected + (chosen - projected))

    def vectors(self, codes: Tensor) -> Tensor:
        """Return the vectors (B, C, T) that `codes` (B, T) stand for."""
        out: Tensor = self.out_proj(self.codebook(codes).transpose(1, 2))
        return out


class ResidualCodebooks(nn.Module):
    """Codebooks that each quantise the remainder of the ones before."""

    def __init__(self, dim: int, num_codebooks: int, num_codes: int, code_dim: int) -> None:
        super().__init__()
        self.quantizers = nn.ModuleList(
            Codebook(dim, num_codes, code_dim) for _ in range(num_codebooks)
        )

    def encode(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return the codes (B, codebooks, T) of `z` (B, C, T), and the remainder of it."""
        codes = []
        for codebook in self._codebooks():
            chosen, approximation = codebook.nearest(z)
            codes.append(chosen)
            z = z - approximation
        return torch.stack(codes, dim=1), z

    def vectors(self, codes: Tensor) -> Tensor:
        """Return the vectors (B, C, T) that `codes` (B, codebooks, T) stand for."""
        total = torch.zeros((), device=codes.device)
        for codebook, row in zip(self._codebooks(), codes.unbind(1), strict=True):
            total = total + codebook.vectors(row)
        return total

    def _codebooks(self) -> list[Codebook]:
        """Return the codebooks by their own type, which a `ModuleList` forgets."""
        return cast("list[Codebook]", list(self.quantizers))
