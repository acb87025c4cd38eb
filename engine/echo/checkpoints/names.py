"""The published name of every tensor that our modules keep under another name, or fused.

One function per module class: from each published name, below the module's own, to the part of a
parameter that the tensor fills. Parameters that none mentions have their published names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import singledispatch

from torch import Tensor, nn

from engine.echo.codecs.dac.codec import PCA
from engine.echo.codecs.dac.transformer import WindowBlock, WindowTransformer
from engine.echo.model.dit import EchoDiT
from engine.echo.model.encoders import EncoderBlock
from engine.echo.model.layers import MLP, GatedProjections

_ADALN = ("attention_adaln", "mlp_adaln")
_MODULATION = ("shift", "scale", "gate")


@singledispatch
def published_names(module: nn.Module) -> Mapping[str, Tensor]:
    """Return, by published name, the parts of a module's own parameters."""
    return {}


@published_names.register
def _(module: MLP) -> Mapping[str, Tensor]:
    w1, w3 = module.w13.weight.chunk(2)
    return {"w1.weight": w1, "w3.weight": w3, "w2.weight": module.w2.weight}


@published_names.register
def _(module: GatedProjections) -> Mapping[str, Tensor]:
    names = ("wq.weight", "wk.weight", "wv.weight", "gate.weight")
    return dict(zip(names, module.wqkvg.weight.chunk(4), strict=True)) | {
        "wo.weight": module.wo.weight,
        "q_norm.weight": module.q_norm,
        "k_norm.weight": module.k_norm,
    }


@published_names.register
def _(module: EncoderBlock) -> Mapping[str, Tensor]:
    return {
        "attention_norm.weight": module.attention_norm,
        "mlp_norm.weight": module.mlp_norm,
    }


@published_names.register
def _(module: EchoDiT) -> Mapping[str, Tensor]:
    sources = ("text", "speaker", "latent") if module.blockwise else ("text", "speaker")
    names = {f"{source}_norm.weight": getattr(module, f"{source}_norm") for source in sources}
    names["out_norm.weight"] = module.out_norm
    for source in sources:
        names |= _context_projections(module, source)
    return names | dict(_modulation_projections(module))


def _context_projections(module: EchoDiT, source: str) -> Mapping[str, Tensor]:
    """Return the key and value projections of one source, one of each per layer."""
    weight: Tensor = getattr(module, f"wkv_{source}").weight
    pairs = weight.view(module.config.num_layers, 2, module.config.dim, -1)
    return {
        f"blocks.{layer}.attention.w{kind}_{source}.weight": part
        for layer, pair in enumerate(pairs)
        for kind, part in zip("kv", pair, strict=True)
    }


def _modulation_projections(module: EchoDiT) -> Iterator[tuple[str, Tensor]]:
    """Yield the low-rank projections of each layer's two modulations."""
    for layer in range(module.config.num_layers):
        for i, adaln in enumerate(_ADALN):
            for j, kind in enumerate(_MODULATION):
                prefix = f"blocks.{layer}.{adaln}.{kind}"
                yield f"{prefix}_down.weight", module.adaln_down[layer, i, j]
                yield f"{prefix}_up.weight", module.adaln_up[layer, i, j]
                yield f"{prefix}_up.bias", module.adaln_bias[layer, i, j]


@published_names.register
def _(module: WindowBlock) -> Mapping[str, Tensor]:
    return {
        "attention.wqkv.weight": module.wqkv.weight,
        "attention.wo.weight": module.wo.weight,
        "attention_norm.weight": module.attention_norm,
        "ffn_norm.weight": module.ffn_norm,
        "attention_layer_scale.gamma": module.attention_gamma,
        "ffn_layer_scale.gamma": module.ffn_gamma,
    }


@published_names.register
def _(module: WindowTransformer) -> Mapping[str, Tensor]:
    return {"norm.weight": module.norm}


@published_names.register
def _(module: PCA) -> Mapping[str, Tensor]:
    return {
        "pca_components": module.components,
        "pca_mean": module.mean,
        "latent_scale": module.scale,
    }
