"""Loads a checkpoint from its folder, or from where the published one is.

A folder holds either the published files, below the names of their repositories, or one
`model.safetensors` for the transformer; and a `config.json` where it is not the published model.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from engine.echo.checkpoints.folder import CheckpointError, read_config
from engine.echo.checkpoints.published import CODEC, PCA, find, find_transformer
from engine.echo.checkpoints.weights import fill
from engine.echo.codecs.dac.codec import S1DAC
from engine.echo.codecs.protocol import Codec
from engine.echo.codecs.source_filter.codec import SourceFilterCodec
from engine.echo.config import EchoConfig, SourceFilterConfig
from engine.echo.model.dit import EchoDiT
from speech.pcm import SAMPLE_RATE_HZ

logger = logging.getLogger(__name__)

_REPORT_S = 10.0


@dataclass(frozen=True)
class Models:
    """A loaded checkpoint."""

    config: EchoConfig
    dit: EchoDiT
    codec: Codec


def load_models(
    weights_dir: Path | None, device: torch.device, dtype: torch.dtype, blockwise: bool
) -> Models:
    """Load a checkpoint onto `device`.

    Args:
        weights_dir: The folder it is in; None for the published one in the Hugging Face cache,
            or on the hub.
        device: The device that the networks go to, tensor by tensor from a memory-mapped file.
        dtype: The transformer's; the codec is float32.
        blockwise: Whether to load the weights that continue earlier latents.

    Raises:
        CheckpointError: A file is missing or does not fit.
    """
    config = read_config(weights_dir)
    with torch.device("meta"):
        dit = EchoDiT(config.dit, blockwise)
    _load(dit, find_transformer(weights_dir), device, dtype)
    codec = _load_codec(config, weights_dir, device)
    assert codec.sample_rate_hz == SAMPLE_RATE_HZ, "audio has one rate everywhere"
    if codec.latent_dim != config.dit.latent_dim:
        raise CheckpointError(
            f"the {config.codec.kind} codec has latents of {codec.latent_dim} dimensions, "
            f"not {config.dit.latent_dim}"
        )
    return Models(config, dit, codec)


def _load_codec(config: EchoConfig, weights_dir: Path | None, device: torch.device) -> Codec:
    if isinstance(config.codec, SourceFilterConfig):
        return SourceFilterCodec()
    with torch.device("meta"):
        codec = S1DAC(config.codec, config.dit.latent_dim)
    for module, file in ((codec.autoencoder, CODEC), (codec.pca, PCA)):
        _load(module, find(file, weights_dir), device, torch.float32)
    return codec


def _load(module: nn.Module, path: Path, device: torch.device, dtype: torch.dtype) -> None:
    started = time.monotonic()
    allocate(module, device, dtype)
    name = _label(path)
    try:
        with open_tensors(path) as source:
            fill(module, source)
    except (CheckpointError, SafetensorError) as error:
        raise CheckpointError(f"{name}: {error}") from error
    num_bytes = sum(p.numel() * p.element_size() for p in module.parameters())
    seconds = time.monotonic() - started
    logger.info("loaded %s: %.2f GB in %.1f s", name, num_bytes / 1e9, seconds)


def _label(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def allocate(module: nn.Module, device: torch.device, dtype: torch.dtype) -> None:
    """Give a module that is on the meta device memory, with nothing in it yet.

    `nn.Module.to_empty` would import a computer algebra system for that, for 2 s.
    """
    module.requires_grad_(False).eval()
    for child in module.modules():
        tensors = (*child.named_parameters(recurse=False), *child.named_buffers(recurse=False))
        for name, tensor in tensors:
            empty = torch.empty(tensor.shape, dtype=dtype, device=device)
            is_parameter = isinstance(tensor, nn.Parameter)
            setattr(child, name, nn.Parameter(empty, False) if is_parameter else empty)


@contextmanager
def open_tensors(path: Path) -> Iterator[TensorFile]:
    """Open a safetensors file, memory-mapped."""
    with cast(Any, safe_open(path, framework="pt", device="cpu")) as file:
        yield TensorFile(path, file)


class TensorFile:
    """An open safetensors file as a `weights.Source`; logs its progress every few seconds."""

    def __init__(self, path: Path, file: Any) -> None:
        self._path, self._file, self._num_bytes = path, file, 0
        self._report_at = time.monotonic() + _REPORT_S
        names = file.keys()
        self._shapes = {name: tuple(file.get_slice(name).get_shape()) for name in names}

    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Return the shape of every tensor in the file."""
        return self._shapes

    def read(self, name: str) -> Tensor:
        """Return one tensor, backed by the file."""
        tensor: Tensor = self._file.get_tensor(name)
        self._num_bytes += tensor.nbytes
        if time.monotonic() >= self._report_at:
            self._report_at += _REPORT_S
            done, size = self._num_bytes / 1e9, self._path.stat().st_size / 1e9
            logger.info("loading %s: %.2f of %.2f GB", _label(self._path), done, size)
        return tensor
