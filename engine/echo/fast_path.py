"""The choice between the fused kernels and plain PyTorch."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import torch

from engine.echo.checkpoints.folder import read_config
from engine.echo.checkpoints.load import Models
from engine.echo.codecs.dac.codec import S1DAC
from engine.echo.config import DiTConfig
from engine.echo.device import Resolved
from engine.echo.forward import Forward
from engine.echo.forward.buckets import LATENT_LENGTHS, TEXT_LENGTHS, bucket_sizes
from engine.echo.forward.packed import PackedForward
from engine.echo.forward.plain import PlainForward
from engine.echo.graphs import Capture, GraphCapture
from engine.echo.model.ops import Ops, fits_kernels, ops_for
from engine.echo.options import EchoOptions
from engine.echo.proof import find_difference, prove_in_child

logger = logging.getLogger(__name__)

FIRST_CAPABILITY = (8, 0)
"""Before it a tile of the codec does not fit the registers: it takes minutes to compile, and runs
slower than plain PyTorch."""


@dataclass(frozen=True)
class ComputePath:
    """The way that an engine computes.

    Attributes:
        forward: The passes of the transformer.
        fused: Whether they use the fused kernels.
        warning: The reason why they do not although they should; else None.
    """

    forward: Forward
    fused: bool = False
    warning: str | None = None


class PathChoice:
    """Decides on the path in two parts: before the weights are on the device, and after.

    Args:
        options: The operator's choices.
        resolved: Device, dtype and the size of a pass.
    """

    def __init__(self, options: EchoOptions, resolved: Resolved) -> None:
        self._options, self._resolved = options, resolved
        on_gpu = resolved.device.type == "cuda"
        self._wanted = options.kernels == "on" or (options.kernels == "auto" and on_gpu)
        self._failure: str | None = None

    def try_kernels(self) -> None:
        """Try the kernels in a process that may crash, unless the operator has decided."""
        if not self._wanted or self._options.kernels == "on":
            return
        config = read_config(self._resolved.weights_dir)
        self._failure = _unfit(config.dit, self._resolved.device) or prove_in_child(
            self._resolved.weights_dir, self._resolved.device, self._resolved.dtype
        )

    @torch.inference_mode()
    def choose(self, models: Models) -> ComputePath:
        """Return the path; the fused one has to prove itself with the weights of `models`, too.

        The codec is ready for it then.
        """
        if not self._wanted:
            return self._plain(models)
        if self._options.kernels == "on":
            return ComputePath(self._fused(models), fused=True)
        found = self._failure or self._proved(models)
        if isinstance(found, PackedForward):
            logger.info("the fused kernels agree with plain PyTorch")
            return ComputePath(found, fused=True)
        warning = f"serving without the fused kernels: {found}"
        logger.warning(warning)
        return self._plain(models, warning)

    def _proved(self, models: Models) -> PackedForward | str:
        """Return the fused path, or why it cannot be trusted."""
        try:
            forward = self._fused(models)
            return find_difference(models, forward) or forward
        except Exception as error:
            logger.exception("the kernels failed")
            return f"they failed with {type(error).__name__}"

    def _plain(self, models: Models, warning: str | None = None) -> ComputePath:
        self._prepare_codec(models, None, None)
        return ComputePath(PlainForward(models.dit), warning=warning)

    def _fused(self, models: Models) -> PackedForward:
        dit, ops = models.dit, ops_for(fused=True)
        captures = dit.device.type == "cuda"
        forward = PackedForward(
            dit,
            ops,
            bucket_sizes(self._resolved.max_lane_frames) if captures else (),
            max(128, self._options.max_active_jobs),  # each may have a t of its own
            TEXT_LENGTHS if captures else (),
            LATENT_LENGTHS if captures else (),
        )
        if captures:
            logger.info("captured %d passes", forward.capture(GraphCapture()))
        self._prepare_codec(models, ops, GraphCapture() if captures else None)
        return forward

    def _prepare_codec(self, models: Models, ops: Ops | None, capture: Capture | None) -> None:
        if isinstance(models.codec, S1DAC):
            models.codec.use_ops(ops)
            if self._resolved.device.type == "cuda":
                models.codec.prepare_lengths(self._options.codec_tile_frames, capture)


def _unfit(config: DiTConfig, device: torch.device) -> str | None:
    """Return why the kernels cannot run a model of these sizes on `device`, if they cannot."""
    if not fits_kernels(config.head_dim):
        return "the width of the model's heads is not a power of two of at least 16"
    if device.type == "cuda" and torch.cuda.get_device_capability(device) < FIRST_CAPABILITY:
        return "the GPU is older than Ampere"
    return None
