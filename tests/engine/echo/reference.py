"""The PyPI package `echo-tts` as the oracle: its networks at any size, with random weights."""

from __future__ import annotations

import sys
import types
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from engine.echo.checkpoints.weights import fill
from engine.echo.codecs.dac.codec import S1DAC
from engine.echo.config import DACConfig, DiTConfig, WindowConfig
from engine.echo.model.dit import EchoDiT
from engine.echo.sizes import TINY


def _import() -> tuple[Any, Any, Any]:
    """Import the package's modules; torchaudio, which is never called here, may be unusable."""
    stand_in = None
    try:
        import torchaudio  # noqa: F401
    except (ImportError, OSError):
        stand_in = sys.modules["torchaudio"] = types.ModuleType("torchaudio")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it scripts a function, which torch deprecates
        import echo_tts.autoencoder as autoencoder
        import echo_tts.inference as inference
        import echo_tts.model as model
    if stand_in is not None:
        del sys.modules["torchaudio"]
    return autoencoder, inference, model


autoencoder, inference, model = _import()

SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))]
"""Of random weights: one set in the quick tests, three in all."""

assert isinstance(TINY.codec, DACConfig)
TINY_DAC: DACConfig = TINY.codec


@dataclass(frozen=True)
class State:
    """A state dictionary as a `weights.Source`."""

    tensors: Mapping[str, Tensor]

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        return {name: tuple(tensor.shape) for name, tensor in self.tensors.items()}

    def read(self, name: str) -> Tensor:
        return self.tensors[name]


@contextmanager
def precision(dtype: torch.dtype) -> Iterator[None]:
    """In float64, make the reference's `.float()` keep float64: the truth to compare with."""
    if dtype != torch.float64:
        yield
        return
    original = torch.Tensor.float
    torch.Tensor.float = torch.Tensor.double  # type: ignore[method-assign]
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.Tensor.float = original  # type: ignore[method-assign]
        torch.set_default_dtype(torch.float32)


def randomize(module: nn.Module, seed: int) -> None:
    """Give every parameter, biases, gates and norms too, a value that leaves a trace."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if name.endswith("alpha") or ("norm" in name and name.endswith("weight")):
                parameter.copy_(1 + 0.2 * noise.clamp(-2, 2))
            elif name.endswith("original0"):
                # Below 1, or thousands of sines in a row turn roundings into chaos.
                parameter.copy_(0.7 * (1 + 0.2 * noise.clamp(-2, 2)))
            elif name.endswith(("gamma", "bias")):
                parameter.copy_(0.2 * noise)
            elif "embedding" in name or "codebook" in name:
                parameter.copy_(noise)
            else:
                parameter.copy_(noise / parameter[0].numel() ** 0.5)


def build_dit(config: DiTConfig, seed: int, dtype: torch.dtype = torch.float32) -> Any:
    dit = model.EchoDiT(
        latent_size=config.latent_dim,
        model_size=config.dim,
        num_layers=config.num_layers,
        num_heads=config.num_heads,
        intermediate_size=config.mlp_dim,
        norm_eps=config.norm_eps,
        text_vocab_size=config.vocab_size,
        text_model_size=config.text.dim,
        text_num_layers=config.text.num_layers,
        text_num_heads=config.text.num_heads,
        text_intermediate_size=config.text.mlp_dim,
        speaker_patch_size=4,
        speaker_model_size=config.speaker.dim,
        speaker_num_layers=config.speaker.num_layers,
        speaker_num_heads=config.speaker.num_heads,
        speaker_intermediate_size=config.speaker.mlp_dim,
        timestep_embed_size=config.timestep_dim,
        adaln_rank=config.adaln_rank,
    )
    if dit.out_norm.weight.device.type != "meta":
        randomize(dit, seed)
    return dit.eval().requires_grad_(False).to(dtype)


def build_autoencoder(config: DACConfig, seed: int, dtype: torch.dtype = torch.float32) -> Any:
    def transformer_config(window: WindowConfig, dim: int) -> Any:
        return autoencoder.ModelArgs(
            block_size=window.max_positions,
            n_layer=window.num_layers,
            n_head=window.num_heads,
            dim=dim,
            intermediate_size=window.mlp_dim,
            head_dim=config.head_dim,
        )

    def post() -> Any:
        return autoencoder.WindowLimitedTransformer(
            causal=True,
            window_size=config.quantizer.window,
            input_dim=config.latent_dim,
            config=transformer_config(config.quantizer, config.latent_dim),
        )

    quantizer = autoencoder.DownsampleResidualVectorQuantize(
        input_dim=config.latent_dim,
        n_codebooks=config.num_residual,
        codebook_size=config.residual_codes,
        codebook_dim=config.codebook_dim,
        semantic_codebook_size=config.semantic_codes,
        pre_module=post(),
        post_module=post(),
    )
    dac = autoencoder.DAC(
        encoder_dim=config.encoder_dim,
        latent_dim=config.latent_dim,
        decoder_dim=config.decoder_dim,
        quantizer=quantizer,
        encoder_transformer_layers=[0, 0, 0, config.encoder.num_layers],
        transformer_general_config=lambda **given: transformer_config(config.encoder, given["dim"]),
    )
    if dac.device.type != "meta":
        randomize(dac, seed)
    return dac.eval().requires_grad_(False).to(dtype)


def build_pca(config: DACConfig, seed: int, dtype: torch.dtype = torch.float32) -> Any:
    generator = torch.Generator().manual_seed(seed)
    shape = (TINY.dit.latent_dim, config.latent_dim)
    components = torch.randn(shape, generator=generator) / shape[1] ** 0.5
    mean = torch.randn(shape[1], generator=generator)
    # As loaded from a file: a float32 scale.
    scale = float(torch.tensor(1 / 18))
    return inference.PCAState(components.to(dtype), mean.to(dtype), scale)


def dit_pair(
    seed: int = 0, dtype: torch.dtype = torch.float32, config: DiTConfig = TINY.dit
) -> tuple[Any, EchoDiT]:
    """Return the reference's transformer and ours, tiny by default, with the same weights."""
    theirs = build_dit(config, seed, dtype)
    ours = EchoDiT(config).requires_grad_(False).to(dtype)
    fill(ours, State(theirs.state_dict()))
    return theirs, ours


def codec_pair(seed: int = 0, dtype: torch.dtype = torch.float32) -> tuple[Any, Any, S1DAC]:
    """Return the reference's tiny codec and PCA state, and ours with the same weights."""
    theirs = build_autoencoder(TINY_DAC, seed, dtype)
    pca = build_pca(TINY_DAC, seed, dtype)
    ours = S1DAC(TINY_DAC, TINY.dit.latent_dim).requires_grad_(False).to(dtype)
    fill(ours.autoencoder, State(theirs.state_dict()))
    tensors = {"pca_components": pca.pca_components, "pca_mean": pca.pca_mean}
    scale = torch.tensor(pca.latent_scale, dtype=torch.float64)
    fill(ours.pca, State(tensors | {"latent_scale": scale}))
    return theirs, pca, ours


def relative_error(ours: Tensor, theirs: Tensor) -> float:
    """Return the largest difference over the largest magnitude."""
    assert ours.shape == theirs.shape
    return float((ours - theirs).abs().max() / theirs.abs().max())


def stacked(cache: Any) -> Tensor:
    """Return the reference's key and value cache of one row as our `KeyValues`."""
    return torch.stack([torch.stack([keys[0], values[0]]) for keys, values in cache])


def tokens_and_mask(text: str, max_length: int | None = 768) -> tuple[Tensor, Tensor]:
    """Return the reference's tokens and mask of `text`, (1, max_length) each."""
    tokens, mask = inference.get_text_input_ids_and_mask([text], max_length)
    return tokens, mask
