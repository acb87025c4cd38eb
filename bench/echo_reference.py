"""The reference for the echo engine: the package echo-tts, loaded as it loads itself."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from engine.echo.checkpoints.load import Models
from engine.echo.checkpoints.published import CODEC, DIT, PCA
from engine.echo.checkpoints.tiny import codec_tensors, write
from engine.echo.checkpoints.weights import published
from engine.echo.codecs.dac.codec import S1DAC
from engine.echo.config import DACConfig, EchoConfig
from engine.echo.sizes import MIDDLE, TINY
from speech.parameters import SamplerParameters
from tests.engine.echo import reference

SIZES = {"tiny": TINY, "middle": MIDDLE, "full": EchoConfig()}


@dataclass
class Reference:
    """The package's networks."""

    dit: Any
    codec: Any
    pca: Any

    @classmethod
    def load(
        cls, folder: Path, config: EchoConfig, device: torch.device, dtype: torch.dtype
    ) -> Reference:
        """Load the checkpoint in `folder`."""

        def tensors(file: Any, to: torch.dtype | None) -> dict[str, Tensor]:
            state = load_file(folder / file.local_name, device=str(device))
            return {
                k: v.to(to) if to is not None and v.is_floating_point() else v
                for k, v in state.items()
            }

        pca = tensors(PCA, None)
        values = pca["pca_components"], pca["pca_mean"], pca["latent_scale"]
        return cls._of(config, tensors(DIT, dtype), tensors(CODEC, None), values)

    @classmethod
    @torch.no_grad()
    def sharing(cls, models: Models) -> Reference:
        """Return the networks on the memory of our own: seven gigabytes are not made twice."""
        assert isinstance(models.codec, S1DAC)
        codec = codec_tensors(models.codec.autoencoder)
        codec = {name: y.to(models.dit.device) for name, y in codec.items()}
        pca = models.codec.pca
        values = pca.components, pca.mean, pca.scale
        return cls._of(models.config, dict(published(models.dit)), codec, values)

    @classmethod
    def _of(
        cls,
        config: EchoConfig,
        dit_weights: dict[str, Tensor],
        codec_weights: dict[str, Tensor],
        pca: tuple[Tensor, Tensor, Any],
    ) -> Reference:
        assert isinstance(config.codec, DACConfig)
        with torch.device("meta"):
            dit: Any = reference.build_dit(config.dit, 0)
            codec: Any = reference.build_autoencoder(config.codec, 0)
        dit.load_state_dict(dit_weights, assign=True)
        codec.load_state_dict(codec_weights, assign=True)
        components, mean, scale = pca
        state = reference.inference.PCAState(components, mean, float(scale))
        return cls(dit.eval().requires_grad_(False), codec.eval().requires_grad_(False), state)

    def compile(self) -> None:
        """Compile the networks by the package's own functions."""
        self.dit = reference.inference.compile_model(self.dit)
        self.codec = reference.inference.compile_fish_ae(self.codec)

    def speak(self, given: SamplerParameters, text: str, voice: np.ndarray) -> Tensor:
        """One request, end to end, to samples on the host."""
        parameters = vars(given)
        names = reference.inference.sample_euler_cfg_independent_guidances.__annotations__
        options = {name: value for name, value in parameters.items() if name in names}

        def sample(*inputs: Any) -> Tensor:
            latents: Tensor = reference.inference.sample_euler_cfg_independent_guidances(
                *inputs, **options
            )
            return latents

        audio = torch.from_numpy(voice)[None]
        pcm: Tensor
        pcm, _ = reference.inference.sample_pipeline(
            self.dit, self.codec, self.pca, sample, text, audio, 0
        )
        return pcm.cpu()


@contextmanager
def checkpoint(config: EchoConfig) -> Iterator[Path]:
    """Yield a folder with random weights in the published format."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), config)
        yield Path(folder)
