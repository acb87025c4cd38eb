"""EchoDiT, the diffusion transformer: predicts the velocity of many packed lanes at once.

Inference only. Values that depend on a job's text, voice or t alone are computed once
(`text_context`, `speaker_context`, `latent_context`, `modulation`) and handed to `forward`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from engine.echo.config import MAX_FRAMES, PATCH_FRAMES, DiTConfig
from engine.echo.model.attention import Attention, KeyValues
from engine.echo.model.encoders import PatchEncoder, TextEncoder
from engine.echo.model.layers import (
    MLP,
    GatedProjections,
    rms_norm,
    rotary_table,
    timestep_embedding,
    upcast,
)
from engine.echo.model.ops.plain import GATE, norm_modulate, per_position, rotate_half

ATTENTION, MLP_HALF = range(2)


@dataclass(frozen=True)
class Positions:
    """The place in its latent and the t of each packed position.

    Attributes:
        rotation: (N, 2, D / 2), `EchoDiT.rotation` at each position's frame.
        modulation: (R, layers, 2, 3, C), one row per distinct t.
        rows: (N,), the row of `modulation` of each position; None where there is only one row.
    """

    rotation: Tensor
    modulation: Tensor
    rows: Tensor | None


class JointBlock(nn.Module):
    """Joint attention and MLP, each modulated by t."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self.eps = config.norm_eps
        self.attention = GatedProjections(config.dim, config.num_heads, config.norm_eps)
        self.mlp = MLP(config.dim, config.mlp_dim)

    def before_attention(
        self, x: Tensor, modulation: Tensor, rows: Tensor | None, rotation: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return q, k, v (N, H, D) and the output gate (N, C) of `x` (N, C)."""
        h = norm_modulate(x, modulation[:, ATTENTION], rows, self.eps)
        q, k, v, gate = self.attention.project(h)
        return rotate_half(q, rotation), rotate_half(k, rotation), v, gate

    def after_attention(
        self,
        x: Tensor,
        attended: Tensor,
        gate: Tensor,
        modulation: Tensor,
        rows: Tensor | None,
    ) -> Tensor:
        """Return the block's output (N, C)."""
        attention, mlp = modulation.unbind(1)
        x = x + per_position(attention, GATE, rows) * self.attention.merge(attended, gate)
        h = norm_modulate(x, mlp, rows, self.eps)
        out: Tensor = x + per_position(mlp, GATE, rows) * self.mlp(h)
        return out


class EchoDiT(nn.Module):
    """The transformer with its encoders.

    Args:
        config: Its sizes.
        blockwise: Whether it can continue earlier latents (needs the latent encoder's weights).
    """

    def __init__(self, config: DiTConfig, blockwise: bool = True) -> None:
        super().__init__()
        self.config, self.blockwise = config, blockwise
        eps, layers, dim = config.norm_eps, config.num_layers, config.dim
        self.text_encoder = TextEncoder(config.text, config.vocab_size, eps)
        self.speaker_encoder = PatchEncoder(config.speaker, config.latent_dim, eps)
        self.text_norm = nn.Parameter(torch.empty(config.text.dim))
        self.speaker_norm = nn.Parameter(torch.empty(config.speaker.dim))
        # Keys and values of all layers in one matrix: rows run over (layer, k or v, C).
        self.wkv_text = nn.Linear(config.text.dim, layers * 2 * dim, bias=False)
        self.wkv_speaker = nn.Linear(config.speaker.dim, layers * 2 * dim, bias=False)
        if blockwise:
            self.latent_encoder = PatchEncoder(config.speaker, config.latent_dim, eps)
            self.latent_norm = nn.Parameter(torch.empty(config.speaker.dim))
            self.wkv_latent = nn.Linear(config.speaker.dim, layers * 2 * dim, bias=False)
        self.cond_module = nn.Sequential(
            nn.Linear(config.timestep_dim, dim, bias=False),
            nn.SiLU(),
            nn.Linear(dim, dim, bias=False),
            nn.SiLU(),
            nn.Linear(dim, 3 * dim, bias=False),
        )
        # AdaLN of all layers: (layer, attention or mlp, shift/scale/gate, out, in).
        rank = config.adaln_rank
        self.adaln_down = nn.Parameter(torch.empty(layers, 2, 3, rank, dim))
        self.adaln_up = nn.Parameter(torch.empty(layers, 2, 3, dim, rank))
        self.adaln_bias = nn.Parameter(torch.empty(layers, 2, 3, dim))
        self.in_proj = nn.Linear(config.latent_dim, dim)
        self.out_proj = nn.Linear(dim, config.latent_dim)
        self.out_norm = nn.Parameter(torch.empty(dim))
        self.blocks = nn.ModuleList(JointBlock(config) for _ in range(layers))

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return self.out_norm.device

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the weights and of every activation between layers."""
        return self.out_norm.dtype

    def text_context(self, tokens: Tensor) -> KeyValues:
        """Encode tokens (L,)."""
        state = self.text_encoder(tokens)
        state = rms_norm(state, self.text_norm, self.config.norm_eps)
        return self.project_context(self.wkv_text, state)

    def speaker_state(self, latents: Tensor) -> Tensor:
        """Encode a voice's latents (4 P, latent_dim) to the state (P, C) that is worth keeping."""
        state = self.speaker_encoder(latents.to(self.dtype))
        return rms_norm(state, self.speaker_norm, self.config.norm_eps)

    def speaker_context(self, state: Tensor) -> KeyValues:
        """Project a `speaker_state`."""
        return self.project_context(self.wkv_speaker, state)

    def latent_context(self, latents: Tensor) -> KeyValues:
        """Encode the latents (4 P, latent_dim) drawn so far, from the start."""
        state = self.latent_encoder(latents.to(self.dtype))
        state = rms_norm(state, self.latent_norm, self.config.norm_eps)
        rotation = self.rotation(0, len(latents), PATCH_FRAMES)
        return self.project_context(self.wkv_latent, state, rotation)

    def project_context(
        self, projection: nn.Linear, state: Tensor, rotation: Tensor | None = None
    ) -> KeyValues:
        """Return the keys and values of a state (P, C); keys that have a place are rotated by it.

        `rotation` is (P, 2, D / 2).
        """
        sizes = (self.config.num_layers, 2, self.config.num_heads, self.config.head_dim)
        keys, values = projection(state).unflatten(-1, sizes).permute(1, 2, 0, 3, 4).unbind(1)
        weight = torch.stack([block.attention.k_norm for block in self.joint_blocks()])
        keys = rms_norm(keys, weight[:, None], self.config.norm_eps)
        if rotation is not None:
            rotation = rotation.repeat(len(keys), 1, 1)
            keys = rotate_half(keys.flatten(0, 1), rotation).view_as(keys)
        return torch.stack([keys, values], dim=1)

    def joint_blocks(self) -> list[JointBlock]:
        """Return the blocks by their own type, which a `ModuleList` forgets."""
        return cast("list[JointBlock]", list(self.blocks))

    def compile_blocks(self) -> None:
        """Compile all of a block but its attention; every block shares the result."""
        for block in self.blocks:
            for name in ("before_attention", "after_attention"):
                compiled = torch.compile(getattr(block, name), dynamic=True)
                setattr(block, name, compiled)

    def rotation(self, start: int, stop: int, stride: int = 1) -> Tensor:
        """Return rows of the rotary table, (N, 2, D / 2), for a span of frames."""
        dtype = torch.promote_types(self.dtype, torch.float32)
        table = rotary_table(self.config.head_dim, MAX_FRAMES, self.device, dtype)
        return table[start:stop:stride]

    def modulation(self, t: float) -> Tensor:
        """Return shift, 1 + scale and tanh(gate), (layers, 2, 3, C), at `t`.

        `t` is rounded to the model's dtype first, as in training.
        """
        rounded = torch.tensor([t], dtype=self.dtype)
        embedding = timestep_embedding(rounded, self.config.timestep_dim)[0]
        embedding = embedding.to(self.device, non_blocking=True)
        z = self.cond_module(embedding).view(3, -1, 1)
        low = self.adaln_down @ F.silu(z)
        # As one product with its bias, rounded once.
        up, bias = self.adaln_up.flatten(0, 2), self.adaln_bias.flatten(0, 2)
        out = torch.baddbmm(bias.unsqueeze(-1), up, low.flatten(0, 2))
        shift, scale, gate = (out.view_as(self.adaln_bias) + z.squeeze(-1)).unbind(2)
        return torch.stack([shift, scale + 1, gate.tanh()], dim=2)

    def forward(self, x: Tensor, positions: Positions, attention: Attention) -> Tensor:
        """Return the velocity (N, latent_dim), at least in float32, of packed `x` of that shape."""
        x = self.run_blocks(x, positions, attention, len(self.blocks))
        return upcast(self.out_proj(rms_norm(x, self.out_norm, self.config.norm_eps)))

    def run_blocks(
        self, x: Tensor, positions: Positions, attention: Attention, num_blocks: int
    ) -> Tensor:
        """Return what the first blocks make of packed `x` (N, latent_dim), (N, C)."""
        x = self.in_proj(x.to(self.dtype))
        for layer, block in enumerate(self.joint_blocks()[:num_blocks]):
            modulation = positions.modulation[:, layer]
            q, k, v, gate = block.before_attention(
                x, modulation, positions.rows, positions.rotation
            )
            attended = attention(layer, q, k, v)
            x = block.after_attention(x, attended, gate, modulation, positions.rows)
        return x
