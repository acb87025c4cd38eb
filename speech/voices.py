"""The way from a voice's name to its open file, and a fingerprint of what the file holds.

A voice is an audio file below one folder. This module knows nothing of audio: it decides which
file a name means, whether it may be used, and whether it is still the one seen before.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Literal, Self

from speech.errors import InvalidRequest, SpeechError, VoiceNotFound, shorten

EXTENSIONS = frozenset({".wav", ".mp3", ".m4a", ".ogg", ".flac", ".webm", ".aac", ".opus"})
"""The endings that a voice file's name may have, in any case."""

SETTLE_NS = 2_000_000_000
"""The age in ns up to which a file is young: its times may not tell two writes apart."""

MAX_AHEAD_NS = 3600 * 1_000_000_000
"""The time in ns that a file server's clock may run ahead; a later date was set by hand."""

MAX_DIGEST_BYTES = 64 * 2**20
"""The part of a young file that is read to tell its content."""

_PARAM = "speaker_voice"
_MAX_PATH_BYTES = 4096
_READ_BYTES = 2**20

_shorten = partial(shorten, max_chars=255)


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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
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
        InvalidRequest: The name leads out of the folder, its extension is none of `EXTENSIONS`,
            or the file cannot be read.
        VoiceNotFound: There is no such regular file.
    """
    path = _resolve(voices_dir, name)
    try:
        is_file = stat.S_ISREG(os.stat(path, follow_symlinks=False).st_mode)
    except OSError:
        is_file = False
    if not is_file:
        raise _not_found(name)
    extension = _extension(name)
    if extension not in EXTENSIONS:
        raise InvalidRequest(
            f"Unsupported speaker_voice extension: {_shorten(extension) or '(none)'}", _PARAM
        )
    try:
        # A link or a FIFO put in the file's place since must neither be followed nor waited for.
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        raise _not_found(name) from None
    except OSError as error:
        raise undecodable(name, "the file cannot be read") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _not_found(name)
    return VoiceFile(path, descriptor)


def undecodable(name: str, reason: str) -> InvalidRequest:
    """Return the error of a voice that exists but cannot be used."""
    return InvalidRequest(
        f"speaker_voice '{_shorten(name)}' could not be decoded: {reason}", _PARAM
    )


def report_folder(voices_dir: str) -> FolderReport:
    """Count the usable voice files below the folder: neither hidden nor leading out."""
    if not os.path.exists(voices_dir):
        return FolderReport("missing", 0)
    if not os.path.isdir(voices_dir):
        return FolderReport("not a folder", 0)
    try:
        os.scandir(voices_dir).close()
    except OSError:
        return FolderReport("unreadable", 0)
    return FolderReport("ok", sum(1 for _ in _usable_paths(os.path.realpath(voices_dir))))


def _resolve(voices_dir: str, name: str) -> str:
    """Return the real path below the real folder that `name` leads to, existing or not."""
    invalid = InvalidRequest("Invalid speaker_voice path", _PARAM)
    try:
        num_bytes = len(os.fsencode(name))
        if "\0" in name or os.path.isabs(name) or ".." in name.split("/"):
            raise invalid
    except UnicodeEncodeError:  # a lone surrogate: no file can be called that
        raise invalid from None
    if num_bytes > _MAX_PATH_BYTES:
        raise _not_found(name)
    folder = os.path.realpath(voices_dir)
    path = os.path.realpath(os.path.join(folder, name))
    if not _is_inside(folder, path):
        raise invalid
    return path


def _extension(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def _is_inside(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _usable_paths(folder: str) -> Iterator[str]:
    """Yield each usable voice below `folder`, a real path; loops of links are walked once."""
    seen: set[str] = set()
    pending = [folder]
    while pending:
        current = pending.pop()
        if current in seen:
            continue
        seen.add(current)
        try:
            with os.scandir(current) as scan:
                entries = list(scan)
        except OSError:  # gone or closed to us: what it holds is not usable
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            is_link = entry.is_symlink()
            path = os.path.realpath(entry.path) if is_link else entry.path
            if is_link and not _is_inside(folder, path):
                continue
            # A directory entry knows its own kind without asking the file system again.
            if os.path.isdir(path) if is_link else entry.is_dir():
                pending.append(path)
            elif _extension(entry.name) in EXTENSIONS and (
                os.path.isfile(path) if is_link else entry.is_file()
            ):
                yield entry.path


def _is_young(status: os.stat_result, now_ns: int) -> bool:
    return any(
        -MAX_AHEAD_NS < now_ns - changed_ns < SETTLE_NS
        for changed_ns in (status.st_mtime_ns, status.st_ctime_ns)
    )


def _not_found(name: str) -> SpeechError:
    return VoiceNotFound(f"speaker_voice '{_shorten(name)}' not found", _PARAM)
