"""The files of the published model: where they are, and how they get there from the hub.

Imports no torch, so that a command can download them without waiting for it.
"""

from __future__ import annotations

import errno
import logging
from dataclasses import dataclass
from pathlib import Path

from engine.echo.checkpoints.folder import MODEL, CheckpointError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Published:
    """One file of the published model."""

    repo: str
    name: str

    @property
    def local_name(self) -> str:
        """Its path below a weights folder: repository without owner, then file."""
        return f"{self.repo.rpartition('/')[2]}/{self.name}"


DIT = Published("jordand/echo-tts-base", "pytorch_model.safetensors")
PCA = Published("jordand/echo-tts-base", "pca_state.safetensors")
CODEC = Published("jordand/fish-s1-dac-min", "pytorch_model.safetensors")
FILES = (DIT, PCA, CODEC)

_OF_THE_DISK = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS),
        *(errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EEXIST),
    }
)
"""The errors of a file that cannot be written, rather than of one that does not come."""


def find_transformer(weights_dir: Path | None) -> Path:
    """Return the path of the transformer's weights; download them if they may be.

    Raises:
        CheckpointError: They are neither here nor on the hub.
    """
    if weights_dir is not None and (weights_dir / MODEL).is_file():
        return weights_dir / MODEL
    return find(DIT, weights_dir)


def find(file: Published, weights_dir: Path | None) -> Path:
    """Return the path of `file` on this machine; download it if it is missing.

    Raises:
        CheckpointError: It is neither here nor on the hub.
    """
    if weights_dir is not None:
        path = weights_dir / file.local_name
        if not path.is_file():
            raise CheckpointError(f"{file.local_name} is not in the weights folder")
        return path
    # Imported where it is needed: a bundled checkpoint does without, and starts 0.5 s earlier.
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:  # first without asking the hub: what is cached must work offline
        return Path(hf_hub_download(file.repo, file.name, local_files_only=True))
    except LocalEntryNotFoundError:
        logger.info("downloading %s of %s", file.name, file.repo)
    return download(file)


def download(file: Published, weights_dir: Path | None = None) -> Path:
    """Download `file` into the Hugging Face cache, or below `weights_dir`; return its path.

    Raises:
        CheckpointError: The hub does not give it, or it cannot be written.
    """
    from huggingface_hub import hf_hub_download

    folder = None if weights_dir is None else (weights_dir / file.local_name).parent
    try:
        return Path(hf_hub_download(file.repo, file.name, local_dir=folder))
    except Exception as error:
        # Its own errors, the system's, and those of the HTTP library beneath, which has changed
        # from version to version: whatever it is, the file is not there.
        if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
            raise CheckpointError(
                f"cannot keep {file.name} of {file.repo} in {folder or _hub_cache()}: "
                f"{error.strerror}"
            ) from error
        raise CheckpointError(
            f"cannot download {file.name} of {file.repo} ({type(error).__name__}): "
            "check the network and HF_TOKEN, or name a folder that holds the weights"
        ) from error


def _hub_cache() -> str:
    from huggingface_hub import constants

    return str(constants.HF_HUB_CACHE)
