"""EchoDiT's forward pass for training: padded batches, gradients, a t for every row.

The parameters are the engine's own module, so what is trained is what is served. Only the order
of computation is written again; a test holds both to the same velocity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - torch's own name for it

from engine.echo.config import PATCH_FRAMES, DiTConfig
from engine.echo.model.dit import EchoDiT
from engine.echo.model.encoders import INPUT_DIVISOR, EncoderBlock
from engine.echo.model.layers import (
    GatedProjections,
    normalized,
    rms_norm,
    rotary_table,
    timestep_embedding,
)
from engine.echo.model.ops.plain import num_turning_heads

_MASKED = -1e4


@dataclass(frozen=True)
class Conditions:
    """The conditions of a batch of B windows, each drawn D times: all first draws, then all second.

    Attributes:
        text: (B, L) tokens, padded at the end.
        text_mask: (B, L), True at tokens.
        text_given: (D B,), False where the text is denied.
        speaker: (B, 4 P, latent_dim), references of one length.
        speaker_given: (D B,), False where there is none.
        earlier: (B, 4 Q, latent_dim), what was drawn before the windows; Q may be 0.
    """

    text: Tensor
    text_mask: Tensor
    text_given: Tensor
    speaker: Tensor
    speaker_given: Tensor
    earlier: Tensor

    def to(self, device: torch.device) -> Conditions:
        """Return the same on `device`."""
        return Conditions(*(tensor.to(device) for tensor in vars(self).values()))


@dataclass(frozen=True)
class Prediction:
    """The model's output for a batch.

    Attributes:
        velocity: (D B, S, latent_dim).
        text_state: (B, L, C), for the pronunciation loss.
        attention: (layers, D B, heads, S, L), scores of frames for text, for the alignment loss.
        hidden: (D B, S, C) amid the blocks, for the phone loss.
    """

    velocity: Tensor
    text_state: Tensor
    attention: Tensor
    hidden: Tensor


def initialise(dit: EchoDiT, generator: torch.Generator) -> None:
    """Give every parameter its first value."""
    layers = dit.config.num_layers
    with torch.no_grad():
        for name, parameter in dit.named_parameters():
            if "norm" in name:
                parameter.fill_(1.0)
            elif name.endswith("bias") or name == "out_proj.weight":
                parameter.zero_()
            elif name == "text_encoder.text_embedding.weight":
                parameter.normal_(0.0, 0.5, generator=generator)
            else:
                std = parameter.shape[-1] ** -0.5
                if name.endswith(("wo.weight", "w2.weight")):
                    std /= math.sqrt(2 * layers)
                if name in ("adaln_up", "cond_module.4.weight"):
                    std *= 0.2
                parameter.normal_(0.0, std, generator=generator)
        dit.adaln_bias[:, :, 2].fill_(1.0)  # gates begin open


def build(config: DiTConfig, seed: int) -> EchoDiT:
    """Return a new model."""
    dit = EchoDiT(config)
    initialise(dit, torch.Generator().manual_seed(seed))
    return dit


def _key_mask(mask: Tensor) -> Tensor:
    """Return the additive form (B, 1, 1, K) of a mask (B, K)."""
    return (~mask)[:, None, None].to(torch.float32) * _MASKED


def _attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, causal: bool = False) -> Tensor:
    """Attend with (B, N, H, D) each; return (B, N, H, D)."""
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal)
    return out.transpose(1, 2)


def _turns(
    head_dim: int, num_positions: int, num_heads: int, num_turned: int, device: torch.device
) -> Tensor:
    """Return cosines and sines, (2, N, H, D / 2): 1 and 0 for heads not turned."""
    table = rotary_table(head_dim, num_positions, device, torch.float32)
    turned = table.transpose(0, 1)[:, :, None].expand(-1, -1, num_turned, -1)
    cos = torch.ones(num_positions, num_heads - num_turned, head_dim // 2, device=device)
    return torch.cat([turned, torch.stack([cos, torch.zeros_like(cos)])], dim=2)


def _rotate(x: Tensor, turns: Tensor) -> Tensor:
    """Rotate adjacent pairs of `x` (B, N, H, D)."""
    even, odd = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    cos, sin = turns
    turned = torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1)
    return turned.flatten(-2).to(x.dtype)


def _encode(
    blocks: nn.ModuleList, x: Tensor, mask: Tensor | None, causal: bool, head_dim: int
) -> Tensor:
    turns = _turns(head_dim, x.shape[1], 1, 1, x.device)
    for block in blocks:
        assert isinstance(block, EncoderBlock)
        h = rms_norm(x, block.attention_norm, block.eps)
        q, k, v, gate = block.attention.project(h)
        q, k = _rotate(q, turns), _rotate(k, turns)
        x = x + block.attention.merge(_attend(q, k, v, mask, causal), gate)
        x = x + block.mlp(rms_norm(x, block.mlp_norm, block.eps))
    return x


def encode_text(dit: EchoDiT, text: Tensor, mask: Tensor) -> Tensor:
    """Return the normalised state (B, L, C) of tokens (B, L)."""
    encoder = dit.text_encoder
    x = encoder.text_embedding(text)
    x = _encode(encoder.blocks, x, _key_mask(mask), False, encoder.head_dim)
    return rms_norm(x, dit.text_norm, dit.config.norm_eps)


def _encode_patches(dit: EchoDiT, latents: Tensor, which: str) -> Tensor:
    encoder = getattr(dit, f"{which}_encoder")
    patches = latents.unflatten(1, (-1, PATCH_FRAMES)).flatten(2)
    x = encoder.in_proj(patches) / INPUT_DIVISOR
    x = _encode(encoder.blocks, x, None, True, encoder.head_dim)
    return rms_norm(x, getattr(dit, f"{which}_norm"), dit.config.norm_eps)


def _keys_values(dit: EchoDiT, projection: nn.Linear, state: Tensor) -> tuple[Tensor, Tensor]:
    """Return keys and values of all layers, (layers, B, P, H, D) each."""
    config = dit.config
    sizes = (config.num_layers, 2, config.num_heads, config.head_dim)
    keys, values = projection(state).unflatten(-1, sizes).permute(2, 3, 0, 1, 4, 5).unbind(1)
    weight = torch.stack([_attention(dit, i).k_norm for i in range(config.num_layers)])
    return rms_norm(keys, weight[:, None, None], config.norm_eps), values


def _attention(dit: EchoDiT, layer: int) -> GatedProjections:
    block = dit.blocks[layer]
    attention: GatedProjections = block.attention  # type: ignore[assignment]
    return attention


def modulations(dit: EchoDiT, t: Tensor) -> Tensor:
    """Return shift, 1 + scale and tanh(gate), (B, layers, 2, 3, C), at `t` (B,)."""
    embedding = timestep_embedding(t, dit.config.timestep_dim)
    z = dit.cond_module(embedding).unflatten(1, (3, -1))
    low = torch.einsum("bjc,lhjrc->lhjbr", F.silu(z), dit.adaln_down)
    out = torch.einsum("lhjbr,lhjcr->blhjc", low, dit.adaln_up) + dit.adaln_bias
    shift, scale, gate = (out + z[:, None, None]).unbind(3)
    return torch.stack([shift, scale + 1, gate.tanh()], dim=3)


def _before_attention(
    dit: EchoDiT, layer: int, h: Tensor, rows: Tensor, turns: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    shift, scale, _ = rows.unbind(1)
    x = normalized(h, dit.config.norm_eps) * scale + shift
    q, k, v, gate = _attention(dit, layer).project(x)
    return _rotate(q, turns), _rotate(k, turns), v, gate


def _after_attention(
    dit: EchoDiT, layer: int, h: Tensor, attended: Tensor, out_gate: Tensor, rows: Tensor
) -> Tensor:
    (_, _, gate), (shift, scale, mlp_gate) = (half.unbind(1) for half in rows.unbind(1))
    h = h + gate * _attention(dit, layer).merge(attended, out_gate)
    x = normalized(h, dit.config.norm_eps) * scale + shift
    out: Tensor = h + mlp_gate * dit.blocks[layer].mlp(x)  # type: ignore[operator]
    return out


def predict(
    dit: EchoDiT,
    x: Tensor,
    t: Tensor,
    given: Conditions,
    start: int,
    aligned_layers: tuple[int, ...],
    hidden_layer: int,
) -> Prediction:
    """Return the velocity of `x` (D B, S, latent_dim) at `t` (D B,), and what losses read besides.

    Texts and references are encoded once for all draws.

    Args:
        dit: The model.
        x: Noisy windows.
        t: Of each row.
        given: Conditions.
        start: Frame at which the windows begin.
        aligned_layers: Whose attention to the text is wanted.
        hidden_layer: After which to read `hidden`.
    """
    config, num_frames, num_draws = dit.config, x.shape[1], len(x) // len(given.text)
    text_state = encode_text(dit, given.text, given.text_mask)
    parts = [_keys_values(dit, dit.wkv_text, text_state)]
    parts.append(_keys_values(dit, dit.wkv_speaker, _encode_patches(dit, given.speaker, "speaker")))
    text_mask = given.text_mask.repeat(num_draws, 1)
    masks = [text_mask & given.text_given[:, None]]
    masks.append(given.speaker_given[:, None].expand(-1, given.speaker.shape[1] // PATCH_FRAMES))
    num_turning = num_turning_heads(config.num_heads)
    turns = _turns(config.head_dim, start + num_frames, config.num_heads, num_turning, x.device)
    if given.earlier.shape[1]:
        state = _encode_patches(dit, given.earlier, "latent")
        keys, values = _keys_values(dit, dit.wkv_latent, state)
        parts.append((_rotate(keys, turns[:, : given.earlier.shape[1] : PATCH_FRAMES]), values))
        masks.append(torch.ones_like(masks[0][:, :1]).expand(-1, keys.shape[2]))
    context_keys, context_values = (
        torch.cat(side, dim=2).repeat(1, num_draws, 1, 1, 1).unbind()
        for side in zip(*parts, strict=True)
    )
    own = torch.ones_like(masks[0][:, :1]).expand(-1, num_frames)
    mask = _key_mask(torch.cat([own, *masks], dim=1))
    text_mask = _key_mask(text_mask)

    rows = modulations(dit, t)[..., None, :]  # (B, layers, 2, 3, 1, C)
    turns = turns[:, start:]
    h, attention, hidden = dit.in_proj(x), [], x
    for layer in range(config.num_layers):
        q, k, v, out_gate = _before_attention(dit, layer, h, rows[:, layer, 0], turns)
        if layer in aligned_layers:
            pairs = [0, num_turning]  # one head that knows positions, one that does not
            text_keys = context_keys[layer][:, : given.text.shape[1], pairs]
            scores = torch.einsum("bshd,blhd->bhsl", q[:, :, pairs], text_keys)
            attention.append(scores * config.head_dim**-0.5 + text_mask)
        keys = torch.cat([k, context_keys[layer]], dim=1)
        values = torch.cat([v, context_values[layer]], dim=1)
        attended = _attend(q, keys, values, mask)
        h = _after_attention(dit, layer, h, attended, out_gate, rows[:, layer])
        if layer == hidden_layer:
            hidden = h
    velocity = dit.out_proj(rms_norm(h, dit.out_norm, config.norm_eps))
    return Prediction(velocity, text_state, torch.stack(attention), hidden)
