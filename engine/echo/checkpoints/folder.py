"""The folder that a checkpoint's name stands for, and its config.

Imports no torch, so that a command can look up a checkpoint's numbers at once.
"""

from __future__ import annotations

from pathlib import Path

from engine.echo.checkpoints.config_file import load_config
from engine.echo.config import EchoConfig

CONFIG, MODEL = "config.json", "model.safetensors"

PUBLISHED = EchoConfig().name
BUNDLED = "echo-mini"
BUNDLED_FOLDER = Path(__file__).parents[3] / "checkpoints" / BUNDLED
"""The folder that comes with the code: in a clone, an image or a worker's copy."""


class CheckpointError(ValueError):
    """A checkpoint is missing or does not fit the model; the message says which part."""


def find_folder(name: str | None, on_cpu: bool) -> Path | None:
    """Return the folder of the checkpoint called `name`, None for the published one's cache or hub.

    Args:
        name: `echo-tts-base`, `echo-mini` or a folder; None for the one that suits the device.
        on_cpu: Whether it will run on a CPU, where the published one takes minutes for a sentence.

    Raises:
        CheckpointError: It is none of these.
    """
    if name is None:
        name = BUNDLED if on_cpu else PUBLISHED
    if name == PUBLISHED:
        return None
    folder = BUNDLED_FOLDER if name == BUNDLED else Path(name)
    if not folder.is_dir():
        raise CheckpointError(
            f"weights_dir {name!r} is neither a folder nor {PUBLISHED} or {BUNDLED}"
        )
    return folder


def read_config(folder: Path | None) -> EchoConfig:
    """Return the config of the checkpoint in `folder`; without a `config.json`, the published one.

    Raises:
        ValueError: The file has an unknown name or an unfit value.
    """
    if folder is None or not (folder / CONFIG).exists():
        return EchoConfig()
    return load_config(folder / CONFIG)
