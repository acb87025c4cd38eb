"""The files of the voices folder: opened by name, told apart by what they hold, counted, listed.

This module knows nothing of audio: it tells whether a file is still the one seen before.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from typing import Literal, Self

from speech.errors import InvalidRequest
from speech.validation import is_utf8
from speech.voice_names import (
    PARAM,
    find_file,
    not_found,
    require_absence,
    shorten_name,
    usable_names,
)

SETTLE_NS = 2_000_000_000
"""The age in ns up to which a file is young: its times may not tell two writes apart."""

MAX_AHEAD_NS = 3600 * 1_000_000_000
"""The time in ns that a file server's clock may run ahead; a later date was set by hand."""

MAX_DIGEST_BYTES = 64 * 2**20
"""The part of a young file that is read to tell its content."""

_READ_BYTES = 2**20


@dataclass(frozen=True)
class Fingerprint:
    """The state of a file's content: equal fingerprints mean equal content (decision 0002).

    Attributes:
        path: The resolved path, the same for all names of one file.
        digest: A hash of the first 64 MiB if the file was young, else None.
    """

    path: str
    mtime_ns: int
    size: int
    inode: int
    ctime_ns: int
    digest: bytes | None


@dataclass(frozen=True)
class FolderReport:
    """The health report's facts about the voices folder."""

    state: Literal["ok", "missing", "not a folder", "unreadable", "not answering"]
    num_voices: int


class VoiceFile:
    """An open voice file; a context manager that closes it.

    Attributes:
        raw: The unbuffered binary file. It has no name: the content decides how it is decoded.
    """

    def __init__(self, path: str, descriptor: int) -> None:
        self._path = path
        self.raw = os.fdopen(descriptor, "rb", buffering=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.raw.close()

    def fingerprint(self, now_ns: int) -> Fingerprint:
        """Return the fingerprint of what the open file holds at `now_ns` (Unix time)."""
        status = os.fstat(self.raw.fileno())
        return Fingerprint(
            self._path,
            status.st_mtime_ns,
            status.st_size,
            status.st_ino,
            status.st_ctime_ns,
            self._digest() if _is_young(status, now_ns) else None,
        )

    def still_holds(self, known: Fingerprint) -> bool:
        """Tell whether the file still has the content that `known` was taken of."""
        status = os.fstat(self.raw.fileno())
        if (self._path, status.st_mtime_ns, status.st_size, status.st_ino) != (
            known.path,
            known.mtime_ns,
            known.size,
            known.inode,
        ):
            return False
        # Replacing or removing a file by name moves its ctime too, but an open descriptor goes
        # on reading the old content, to which no name leads any more.
        if status.st_ctime_ns != known.ctime_ns and status.st_nlink > 0:
            return False
        return known.digest is None or known.digest == self._digest()

    def _digest(self) -> bytes:
        digest = hashlib.blake2b(digest_size=16)
        offset = 0
        while offset < MAX_DIGEST_BYTES:
            # pread leaves the position that the decoder reads from alone.
            data = os.pread(self.raw.fileno(), _READ_BYTES, offset)
            if not data:
                break
            digest.update(data)
            offset += len(data)
        return digest.digest()


def open_voice(voices_dir: str, name: str) -> VoiceFile:
    """Open the voice file that `name` means.

    Raises:
        InvalidRequest: The name means no one file that may be used, or the file cannot be read.
        VoiceNotFound: There is no such regular file.
        VoicesUnavailable: The folder cannot tell, or gives no file at all.
    """
    path = find_file(voices_dir, name)
    try:
        # A link or a FIFO put in the file's place since must neither be followed nor waited for.
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        raise not_found(name) from None
    except OSError as error:
        require_absence(error)
        raise undecodable(name, "the file cannot be read") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise not_found(name)
    return VoiceFile(path, descriptor)


def list_names(voices_dir: str) -> list[str]:
    """Return the names of the usable voice files in order, but those that no text can hold."""
    return sorted(name for name in usable_names(voices_dir) if is_utf8(name))


def undecodable(name: str, reason: str) -> InvalidRequest:
    """Return the error of a voice that exists but cannot be used."""
    return InvalidRequest(
        f"speaker_voice '{shorten_name(name)}' could not be decoded: {reason}", PARAM
    )


def report_folder(voices_dir: str) -> FolderReport:
    """Count the usable voice files below the folder: neither hidden nor leading out."""
    try:
        os.scandir(voices_dir).close()
    except FileNotFoundError:
        return FolderReport("missing", 0)
    except NotADirectoryError:
        is_file = os.path.exists(voices_dir)
        return FolderReport("not a folder" if is_file else "missing", 0)
    except OSError:
        return FolderReport("unreadable", 0)
    return FolderReport("ok", sum(1 for _ in usable_names(voices_dir)))


def _is_young(status: os.stat_result, now_ns: int) -> bool:
    return any(
        -MAX_AHEAD_NS < now_ns - changed_ns < SETTLE_NS
        for changed_ns in (status.st_mtime_ns, status.st_ctime_ns)
    )
