"""Writes a checkpoint that the engine loads: the averaged weights in half precision.

    python -m training.export --state DIR/state.pt --out checkpoints/echo-mini

With `--mean-with FOLDER` they are those of that checkpoint to a part: training that went on from
a checkpoint forgets some of what it could, and weights between both are better than either.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from engine.echo.checkpoints.config_file import dumps
from engine.echo.checkpoints.folder import CONFIG, MODEL
from engine.echo.checkpoints.load import open_tensors
from engine.echo.checkpoints.weights import fill, published
from engine.echo.config import EchoConfig, EndConfig, LengthConfig, SourceFilterConfig
from engine.echo.model.dit import EchoDiT
from engine.echo.sizes import TRAINED
from speech.parameters import ModelParameters

DEFAULTS = ModelParameters(
    num_steps=12,
    stream_steps=(6, 12),
    cfg_scale_text=2.0,
    cfg_scale_speaker=1.0,
    cfg_min_t=0.3,
    truncation_factor=0.7,
    sequence_length="auto",
    target_duration_seconds=4.0,
    normalize_text=True,
)
# The frames are more than twice a pause between sentences.
END = EndConfig(frames=12, std=0.2, mean=0.1, fade_frames=2)
LENGTH = LengthConfig(stretch=1.15, spare_frames=24)
MAX_VOICE_FRAMES = 640  # half a minute; training hears a third of it, and more confuses


def config_of(size: str) -> EchoConfig:
    """Return the config of a model of `size`; the engine finds its alignment heads."""
    return EchoConfig(
        name=f"echo-{size}",
        dit=TRAINED[size],
        codec=SourceFilterConfig(),
        defaults=DEFAULTS,
        end=END,
        length=LENGTH,
        max_voice_frames=MAX_VOICE_FRAMES,
        plain_punctuation=True,
    )


def export(
    state: dict[str, Any],
    size: str,
    folder: Path,
    other: Path | None = None,
    other_part: float = 0.0,
) -> None:
    """Write a training state's averaged weights and their config into `folder`.

    Args:
        state: The training's.
        size: Name of the model's.
        folder: Where to write.
        other: Folder of a checkpoint that makes up `other_part` of the weights, if any.
        other_part: From 0 to 1.
    """
    dit = EchoDiT(TRAINED[size])
    parameters = dict(dit.named_parameters())
    with torch.no_grad():
        if other is not None:
            with open_tensors(other / MODEL) as file:
                fill(dit, file)
        for name, value in state["average"].items():
            mean = value if other is None else parameters[name].lerp(value, 1 - other_part)
            parameters[name].copy_(mean)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: view.half().contiguous() for name, view in published(dit).items()}
    save_file(tensors, folder / MODEL)
    (folder / MODEL).chmod(0o644)  # it was written for its owner alone
    (folder / CONFIG).write_text(dumps(config_of(size)))


def main() -> None:
    """Export."""
    parser = argparse.ArgumentParser(description="Export a training state as a checkpoint.")
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--size", choices=TRAINED, default="mini")
    parser.add_argument("--mean-with", type=Path, help="folder of a checkpoint to mix in")
    parser.add_argument("--part", type=float, default=0.5, help="that one's, from 0 to 1")
    options = parser.parse_args()
    state = torch.load(options.state, map_location="cpu", weights_only=True)
    export(state, options.size, options.out, options.mean_with, options.part)


if __name__ == "__main__":
    main()
