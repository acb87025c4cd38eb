"""The folders in which compiled kernels are kept from one start to the next."""

from __future__ import annotations

import logging
import os
from collections.abc import MutableMapping
from pathlib import Path

logger = logging.getLogger(__name__)

VARIABLES = ("TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR")


def drop_unwritable(environment: MutableMapping[str, str] = os.environ) -> None:
    """Forget each folder of `VARIABLES` that cannot be written.

    The image names folders on the volume, which may come read-only or owned by another user. The
    compilers then use folders of their own, below the home folder and the temporary one.
    """
    for name in VARIABLES:
        folder = environment.get(name)
        if folder is not None and not _is_writable(Path(folder)):
            logger.warning("%s cannot be written: every start compiles its kernels anew", name)
            del environment[name]


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)
