"""A view of a file for decoders: from a later start, with some bytes replaced."""

from __future__ import annotations

import io
from collections.abc import Mapping

from speech.decoding.audio import SeekableReader


class FileView:
    """A file from its present position on, with some of its bytes replaced.

    Args:
        file: Shared with the view, which moves its position.
        patches: Bytes by the offset, counted from the present position, that they replace.
    """

    def __init__(self, file: SeekableReader, patches: Mapping[int, bytes] | None = None) -> None:
        self._file = file
        self._start = file.tell()
        file.seek(0, io.SEEK_END)
        self._end = file.tell()
        file.seek(self._start)
        self._patches = dict(patches or {})

    def tell(self) -> int:
        """Return the position within the view."""
        return self._file.tell() - self._start

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to the nearest position within the view; return it."""
        base = {io.SEEK_SET: self._start, io.SEEK_CUR: self._file.tell(), io.SEEK_END: self._end}
        self._file.seek(min(max(self._start, base[whence] + offset), self._end))
        return self.tell()

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes."""
        at = self.tell()
        data: bytes = self._file.read(size)
        for offset, patch in self._patches.items():
            if at < offset + len(patch) and offset < at + len(data):
                data = _patched(data, offset - at, patch)
        return data


def _patched(data: bytes, offset: int, patch: bytes) -> bytes:
    """Return `data` with `patch` at `offset`, which may lead out of it on either side."""
    patch = patch[max(0, -offset) : len(data) - offset]
    start = max(0, offset)
    return data[:start] + patch + data[start + len(patch) :]
