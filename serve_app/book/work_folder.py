"""The folder beside the output in which a book's audio is kept until it is complete."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from serve_app.audio_target import open_target


class WorkFolder:
    """Audio by the body of the request that asked for it, each in a file that is complete.

    So what was spoken before stays good as long as the request is the same, whatever else of the
    book has changed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Make the folder, and keep other processes out of it inside.

        Raises:
            OSError: It cannot be made, or another process has it.
        """
        self.path.mkdir(exist_ok=True)
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise OSError(
                    errno.EBUSY, "another command speaks this book", str(self.path)
                ) from None
            yield
        finally:
            os.close(descriptor)

    def audio_of(self, body: Mapping[str, Any]) -> Path:
        """Return where the audio that `body` asks for is or will be."""
        digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        return self.path / f"{digest[:32]}.pcm"

    def keep(self, body: Mapping[str, Any], audio: bytes) -> None:
        """Keep the whole audio that `body` asked for."""
        with open_target(str(self.audio_of(body))) as file:
            file.write(audio)

    def remove_if_empty(self) -> None:
        """Remove the folder if nothing has been spoken yet."""
        with suppress(OSError):
            self.path.rmdir()

    def remove(self) -> None:
        """Remove the folder and all that is in it."""
        shutil.rmtree(self.path)
