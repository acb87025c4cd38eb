"""Small checkpoints of random weights in the published format: noise, not speech.

For tests, and for trying the whole system without the real weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.echo.checkpoints.config_file import dumps
from engine.echo.checkpoints.folder import CONFIG, MODEL
from engine.echo.checkpoints.load import Models, allocate
from engine.echo.checkpoints.published import CODEC, DIT, PCA
from engine.echo.checkpoints.weights import NORMED_PAIRS, published, split, weight_normed
from engine.echo.codecs.dac.codec import S1DAC
from engine.echo.codecs.dac.transformer import WindowTransformer
from engine.echo.codecs.source_filter.codec import SourceFilterCodec
from engine.echo.config import DACConfig, EchoConfig
from engine.echo.model.dit import EchoDiT
from engine.echo.sizes import TINY

_LATENT_SCALE, _LOUDNESS = 1 / 18, 0.1  # with these, audio has an ordinary loudness
_NORMED_GAIN = 0.7  # at 1, the decoder's many sines drown each other


@torch.no_grad()
def write(folder: Path, config: EchoConfig = TINY, seed: int = 0) -> None:
    """Write a checkpoint of `config`'s sizes into `folder`, the same for the same seed."""
    models = random_models(config, torch.device("cpu"), torch.float32, seed)
    tensors = {name: view.to(torch.bfloat16) for name, view in published(models.dit).items()}
    if isinstance(models.codec, S1DAC):
        _save(tensors, folder / DIT.local_name)
        _save(codec_tensors(models.codec.autoencoder), folder / CODEC.local_name)
        _save(published(models.codec.pca), folder / PCA.local_name)
    else:
        _save(tensors, folder / MODEL)
    (folder / CONFIG).write_text(dumps(config))


@torch.no_grad()
def random_models(
    config: EchoConfig, device: torch.device, dtype: torch.dtype, seed: int = 0
) -> Models:
    """Return networks of `config`'s sizes with random weights, made on `device`."""
    with torch.device("meta"):
        dit = EchoDiT(config.dit)
    allocate(dit, device, dtype)
    generator = torch.Generator(device).manual_seed(seed)
    randomize(dit, generator)
    if not isinstance(config.codec, DACConfig):
        return Models(config, dit, SourceFilterCodec())
    with torch.device("meta"):
        codec = S1DAC(config.codec, config.dit.latent_dim)
    allocate(codec, device, torch.float32)
    randomize(codec, generator)
    codec.pca.scale.data.fill_(_LATENT_SCALE)
    published(codec.autoencoder)["decoder.model.6.conv.weight"].mul_(_LOUDNESS)
    for module in codec.modules():
        if isinstance(module, WindowTransformer):
            module.reset_table()
    return Models(config, dit, codec)


def _save(tensors: Mapping[str, Tensor], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)
    path.chmod(0o644)  # it was written for its owner alone


def randomize(module: nn.Module, generator: torch.Generator) -> None:
    """Give every parameter a random value of a size that keeps activations in range."""
    normed = set(weight_normed(module))
    for name, view in published(module).items():
        noise = torch.randn(view.shape, generator=generator, device=generator.device)
        if name.endswith("alpha") or ("norm" in name and name.endswith("weight")):
            view.copy_(1 + 0.2 * noise.clamp(-2, 2))
        elif name.endswith(("gamma", "bias")) or view.ndim < 2:
            view.copy_(0.2 * noise)
        elif "embedding" in name or "codebook" in name:
            view.copy_(noise)
        else:
            view.copy_(noise * (_NORMED_GAIN if name in normed else 1) / view[0].numel() ** 0.5)


def codec_tensors(autoencoder: nn.Module) -> dict[str, Tensor]:
    """Return the tensors as the codec's checkpoint has them: weights as g and v, and buffers."""
    normed = set(weight_normed(autoencoder))
    tensors: dict[str, Tensor] = {}
    for name, view in published(autoencoder).items():
        if name in normed:
            stem = name.removesuffix(".weight")
            for suffix, part in zip(NORMED_PAIRS[0], split(view), strict=True):
                tensors[stem + suffix] = part
        else:
            tensors[name] = view
    for name, module in autoencoder.named_modules():
        if isinstance(module, WindowTransformer):
            num_positions = module.config.max_positions
            tensors[f"{name}.freqs_cis"] = module.freqs_cis.to(torch.bfloat16)
            mask = torch.ones((num_positions, num_positions), dtype=torch.bool)
            tensors[f"{name}.causal_mask"] = mask.tril()
    return tensors
