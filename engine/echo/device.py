"""The device that an engine computes on, and what it chooses where the options leave it open."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from engine.echo.checkpoints.folder import find_folder
from engine.echo.options import EchoOptions

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@dataclass(frozen=True)
class Resolved:
    """The options that depend on the device.

    Attributes:
        weights_dir: The checkpoint's folder; None for the published one's cache or the hub.
        dtype: The transformer's.
        max_lane_frames: Frames times guidance lanes of one forward pass.
    """

    device: torch.device
    weights_dir: Path | None
    dtype: torch.dtype
    max_lane_frames: int


def resolve(options: EchoOptions) -> Resolved:
    """Decide on what `options` leave to the device.

    Raises:
        CheckpointError: There is no such checkpoint.
    """
    device = torch.device(_device_name(options))
    lane_frames = options.max_lane_frames_per_tick
    if lane_frames == "auto":
        lane_frames = 640 if device.type == "cpu" else 2560
    return Resolved(
        device=device,
        weights_dir=find_folder(options.weights_dir, on_cpu=device.type == "cpu"),
        dtype=_fastest_dtype(device) if options.dtype == "auto" else DTYPES[options.dtype],
        max_lane_frames=lane_frames,
    )


def _device_name(options: EchoOptions) -> str:
    if options.device != "auto":
        return options.device
    return "cuda" if torch.cuda.is_available() else "cpu"


def _fastest_dtype(device: torch.device) -> torch.dtype:
    if device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0):
        return torch.bfloat16
    return torch.float32


def prepare_thread(device: torch.device) -> None:
    """Set up the calling thread, the only one that computes on `device`."""
    if device.type == "cuda":
        # Preferred on Hopper, but it plans anew for each length of text, for 30 ms.
        torch.backends.cuda.enable_cudnn_sdp(False)
