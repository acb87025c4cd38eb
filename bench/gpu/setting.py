"""The model, device and sizes that all sections of the benchmark share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bench.echo_reference import Reference
from bench.engine import LONG
from bench.gpu.timing import Report
from engine.echo.checkpoints.load import Models
from engine.echo.checkpoints.tiny import random_models
from engine.echo.config import EchoConfig
from engine.echo.graphs import Capture
from engine.echo.model.attention import KeyValues
from engine.echo.model.tokenizer import tokenize
from speech.parameters import SamplerParameters
from speech.pcm import FRAME_SAMPLES


@dataclass
class Setting:
    """The model, device and sizes that the sections share.

    Attributes:
        report: The report that takes the numbers.
        config: The sizes of the model.
        folder: A checkpoint folder of that config; its weights are not read.
        out: The folder of the results.
        dtype: The transformer's.
        frames: Frames of a result.
        steps: Steps of a request.
        voice: Reference audio.
        new_capture: Makes what captures graphs; None where there are none.
        peak: Operations per second of a large matrix product, once measured.
    """

    report: Report
    config: EchoConfig
    folder: Path
    out: Path
    dtype: torch.dtype
    frames: int
    steps: int
    voice: np.ndarray
    new_capture: Callable[[], Capture] | None = None
    peak: float | None = None
    _models: Models | None = field(default=None, repr=False)
    _contexts: tuple[KeyValues, KeyValues] | None = field(default=None, repr=False)
    _reference: Reference | None = field(default=None, repr=False)

    @property
    def device(self) -> torch.device:
        """The device that everything runs on."""
        return self.report.device

    @property
    def on_gpu(self) -> bool:
        """True if the device is a GPU."""
        return self.device.type == "cuda"

    @property
    def models(self) -> Models:
        """Our networks, with random weights."""
        if self._models is None:
            with torch.inference_mode(False):  # a compiler takes no tensor made in it
                self._models = random_models(self.config, self.device, self.dtype)
        return self._models

    @property
    def tokens(self) -> Tensor:
        """The tokens of every request's text."""
        return torch.tensor(tokenize(LONG), device=self.device)

    @property
    def contexts(self) -> tuple[KeyValues, KeyValues]:
        """The keys and values of that text, and of a voice."""
        if self._contexts is None:
            dit, num_frames = self.models.dit, len(self.voice) // FRAME_SAMPLES
            patches = torch.randn((num_frames // 4 * 4, 80), device=self.device)
            speaker = dit.speaker_context(dit.speaker_state(patches))
            self._contexts = dit.text_context(self.tokens), speaker
        return self._contexts

    @property
    def reference(self) -> Reference:
        """The package's networks, with the same."""
        if self._reference is None:
            with torch.inference_mode(False):
                self._reference = Reference.sharing(self.models)
        return self._reference

    @property
    def parameters(self) -> SamplerParameters:
        """The parameters of every request."""
        return SamplerParameters(
            num_steps=self.steps, sequence_length=self.frames, truncation_factor=0.8
        )
