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

from engine.echo.checkpoints import tiny as tiny_checkpoint
from engine.echo.checkpoints.published import CODEC, DIT, PCA
from engine.echo.config import DACConfig, EchoConfig
from engine.echo.sizes import MIDDLE, TINY
from speech.parameters import SamplerParameters
from tests.engine.echo import reference

SIZES = {"tiny": TINY, "middle": MIDDLE, "full": EchoConfig()}


@dataclass
class Reference:
    """The package's networks, loaded as it loads them."""

    dit: Any
    codec: Any
    pca: Any

    @classmethod
    def load(
        cls,
        folder: Path,
        config: EchoConfig,
        device: torch.device,
        dtype: torch.dtype,
        compiled: bool,
    ) -> Reference:
        """Load the checkpoint in `folder`."""

        def tensors(file: Any, to: torch.dtype | None) -> dict[str, Tensor]:
            state = load_file(folder / file.local_name, device=str(device))
            return {
                k: v.to(to) if to is not None and v.is_floating_point() else v
                for k, v in state.items()
            }

        with torch.device("meta"):
            dit = reference.build_dit(config.dit, 0)
            assert isinstance(config.codec, DACConfig)
            codec = reference.build_autoencoder(config.codec, 0)
        dit.load_state_dict(tensors(DIT, dtype), assign=True)
        codec.load_state_dict(tensors(CODEC, None), assign=True)
        pca = tensors(PCA, None)
        scale = float(pca["latent_scale"])
        state = reference.inference.PCAState(pca["pca_components"], pca["pca_mean"], scale)
        if compiled:
            dit = reference.inference.compile_model(dit)
            codec = reference.inference.compile_fish_ae(codec)
        return cls(dit.eval(), codec.eval(), state)

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
        tiny_checkpoint.write(Path(folder), config)
        yield Path(folder)
