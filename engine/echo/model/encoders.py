"""The text, speaker and latent encoders: one sequence at a time, at its true length."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from engine.echo.config import MAX_VOICE_FRAMES, PATCH_FRAMES, EncoderConfig
from engine.echo.model.attention import attend
from engine.echo.model.layers import MLP, GatedProjections, rms_norm, rotary_table, rotate

MAX_POSITIONS = MAX_VOICE_FRAMES // PATCH_FRAMES
"""Length of an encoder's rotary table: the patches of the longest voice, more than a text has."""

INPUT_DIVISOR = 6.0  # part of the published model: it tamed the first activations in training


class EncoderBlock(nn.Module):
    """Self-attention and MLP, each behind a norm and around a residual."""

    def __init__(self, config: EncoderConfig, eps: float, causal: bool) -> None:
        super().__init__()
        self.eps, self.causal = eps, causal
        self.attention = GatedProjections(config.dim, config.num_heads, eps)
        self.mlp = MLP(config.dim, config.mlp_dim)
        self.attention_norm = nn.Parameter(torch.empty(config.dim))
        self.mlp_norm = nn.Parameter(torch.empty(config.dim))

    def forward(self, x: Tensor, rotation: Tensor) -> Tensor:
        """Map `x` (N, C) of one sequence to (N, C)."""
        q, k, v, gate = self.attention.project(rms_norm(x, self.attention_norm, self.eps))
        q, k = rotate(q, rotation), rotate(k, rotation)
        x = x + self.attention.merge(attend(q, k, v, causal=self.causal), gate)
        out: Tensor = x + self.mlp(rms_norm(x, self.mlp_norm, self.eps))
        return out


class Encoder(nn.Module):
    """The base of the encoders: blocks over one sequence, either way or causal."""

    def __init__(self, config: EncoderConfig, eps: float, causal: bool) -> None:
        super().__init__()
        self.causal = causal
        self.head_dim = config.dim // config.num_heads
        self.blocks = nn.ModuleList(
            EncoderBlock(config, eps, causal) for _ in range(config.num_layers)
        )

    def embed(self, given: Tensor) -> Tensor:
        """Return what the first block takes, (N, C)."""
        raise NotImplementedError

    def encoder_blocks(self) -> list[EncoderBlock]:
        """Return the blocks by their own type, which a `ModuleList` forgets."""
        return cast("list[EncoderBlock]", list(self.blocks))

    def rotation(self) -> Tensor:
        """Return the rotary table, (MAX_POSITIONS, 2, D / 2)."""
        like = self.encoder_blocks()[0].attention_norm
        dtype = torch.promote_types(like.dtype, torch.float32)
        return rotary_table(self.head_dim, MAX_POSITIONS, like.device, dtype)

    def forward(self, given: Tensor) -> Tensor:
        """Map tokens (N,), or latents (4 N, latent_dim), to their state (N, C)."""
        x = self.embed(given)
        rotation = self.rotation()[: len(x)]
        for block in self.blocks:
            x = block(x, rotation)
        return x


class TextEncoder(Encoder):
    """Reads bytes, both ways."""

    def __init__(self, config: EncoderConfig, vocab_size: int, eps: float) -> None:
        super().__init__(config, eps, causal=False)
        # Not `nn.Embedding(…)`: on the meta device its random values import a compiler, for 3 s.
        values = torch.empty(vocab_size, config.dim)
        self.text_embedding = nn.Embedding.from_pretrained(values, freeze=False)

    def embed(self, tokens: Tensor) -> Tensor:
        """Return what the first block takes, (L, C), of tokens (L,)."""
        out: Tensor = self.text_embedding(tokens)
        return out


class PatchEncoder(Encoder):
    """Reads latents in patches, each seeing only earlier ones: speaker and latent encoder."""

    def __init__(self, config: EncoderConfig, latent_dim: int, eps: float) -> None:
        super().__init__(config, eps, causal=True)
        self.in_proj = nn.Linear(latent_dim * PATCH_FRAMES, config.dim)

    def embed(self, latents: Tensor) -> Tensor:
        """Return what the first block takes, (P, C), of latents (4 P, latent_dim)."""
        patches = latents.reshape(len(latents) // PATCH_FRAMES, -1)
        out: Tensor = self.in_proj(patches) / INPUT_DIVISOR
        return out
