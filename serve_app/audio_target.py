"""The target of arriving audio: a file that appears when complete, a pipe, or a device."""

from __future__ import annotations

import fcntl
import os
import stat
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

STDOUT = "-"

_SHOWN_CHARS = 50  # of a name in that of its temporary file, which has at most 255 bytes
_WAV_HEADER = struct.Struct("<4sI4s4sI16s4sI")
"""RIFF, size of what follows, WAVE, fmt, 16, the format, data, size of what follows."""
_MAX_WAV_BYTES = 2**32 - 1
_FLAC_MAGIC = b"fLaC"
_FLAC_LENGTH = slice(21, 26)  # its lower 36 bits; the others belong to the bits per sample
_FLAC_LENGTH_BITS = 36


@contextmanager
def open_target(name: str) -> Iterator[BinaryIO]:
    """Yield a binary file to write to.

    A regular file is written under another name in the same folder, takes its own when the context
    is left, and leaves nothing behind when that is by an exception. What else there is already, a
    pipe or a device, is written to directly, as is standard output, named `-`.

    Raises:
        OSError: It cannot be written; `filename` is `name`.
    """
    try:
        with _open_target(name) as file:
            yield file
    except OSError as error:
        if error.filename in (None, _temporary(os.path.realpath(name))):
            error.filename = name
        raise


@contextmanager
def _open_target(name: str) -> Iterator[BinaryIO]:
    if name == STDOUT:
        yield sys.stdout.buffer
        return
    if os.path.exists(name) and not stat.S_ISREG(os.stat(name).st_mode):
        with open(name, "wb") as file:
            yield file
        return
    path = os.path.realpath(name)  # a link stays one
    temporary = _temporary(path)
    file = open(temporary, "xb")  # noqa: SIM115 (below; what is another's must not be removed)
    try:
        with file:
            yield file
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _temporary(path: str) -> str:
    """Return the name under which a file is written until it is complete."""
    folder, last = os.path.split(path)
    return os.path.join(folder, f".{last[:_SHOWN_CHARS]}.{os.getpid()}.part")


class StreamedHeader:
    """The header of a streamed file; that of WAV and FLAC does not know the length when it is sent.

    Without it players show no length of FLAC, and some seek nowhere.
    """

    def __init__(self, file: BinaryIO) -> None:
        """`file` stands where the header will be written."""
        self._file = file
        self._start = file.tell() if _goes_back(file) else None
        self._bytes = b""

    def feed(self, packet: bytes) -> None:
        """Take note of what has been written."""
        self._bytes += packet[: _WAV_HEADER.size - len(self._bytes)]

    def complete(self, num_samples: int) -> None:
        """Write the true length into the header where the file lets go back to it."""
        if self._start is None or len(self._bytes) < _WAV_HEADER.size:
            return
        end = self._file.tell()
        header = _wav_header(self._bytes, end - self._start) or _flac_header(
            self._bytes, num_samples
        )
        if header is not None:
            self._file.seek(self._start)
            self._file.write(header)
            self._file.seek(end)


def _wav_header(header: bytes, num_bytes: int) -> bytes | None:
    """Return the header of a WAV file of that many bytes, None if that cannot be."""
    riff, _, wave, fmt, fmt_size, form, data, _ = _WAV_HEADER.unpack(header)
    if (riff, wave, fmt, data) != (b"RIFF", b"WAVE", b"fmt ", b"data"):
        return None
    if num_bytes > _MAX_WAV_BYTES:
        return None
    return _WAV_HEADER.pack(
        *(riff, num_bytes - 8, wave, fmt, fmt_size, form),
        *(data, num_bytes - _WAV_HEADER.size),
    )


def _flac_header(header: bytes, num_samples: int) -> bytes | None:
    """Return the header of a FLAC file of that many samples, None if that cannot be."""
    if not header.startswith(_FLAC_MAGIC) or num_samples >> _FLAC_LENGTH_BITS:
        return None
    others = int.from_bytes(header[_FLAC_LENGTH], "big") >> _FLAC_LENGTH_BITS
    length = (others << _FLAC_LENGTH_BITS | num_samples).to_bytes(5, "big")
    return header[: _FLAC_LENGTH.start] + length + header[_FLAC_LENGTH.stop :]


def _goes_back(file: BinaryIO) -> bool:
    """Tell whether what was written can be written over, which `>> file` does not allow.

    A device such as /dev/null lets go back as well, but to nothing: it always stands at 0.
    """
    is_file = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    return is_file and not fcntl.fcntl(file, fcntl.F_GETFL) & os.O_APPEND
