"""The reference on the memory of our own networks: seven gigabytes are not made twice."""

from __future__ import annotations

from typing import Any

import torch

from bench.echo_reference import Reference
from engine.echo.checkpoints.load import Models
from engine.echo.checkpoints.tiny import codec_tensors
from engine.echo.checkpoints.weights import published
from engine.echo.codecs.dac.codec import S1DAC
from engine.echo.config import DACConfig


@torch.no_grad()
def share(models: Models) -> Reference:
    """Return the package's networks with the weights of `models`."""
    from tests.engine.echo import reference as package

    assert isinstance(models.codec, S1DAC)
    assert isinstance(models.config.codec, DACConfig)
    device = models.dit.device
    with torch.device("meta"):
        dit: Any = package.build_dit(models.config.dit, 0)
        codec: Any = package.build_autoencoder(models.config.codec, 0)
    dit.load_state_dict(dict(published(models.dit)), assign=True)
    tensors = codec_tensors(models.codec.autoencoder)
    codec.load_state_dict({name: y.to(device) for name, y in tensors.items()}, assign=True)
    pca = models.codec.pca
    state = package.inference.PCAState(pca.components, pca.mean, float(pca.scale))
    return Reference(dit.eval().requires_grad_(False), codec.eval().requires_grad_(False), state)
