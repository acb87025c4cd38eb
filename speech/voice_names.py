"""The way from a voice's name to the path of its file, and back.

A name is a path relative to the voices folder. One without an extension means the one file with
that stem. Names compare in Unicode's form NFC, since some systems store decomposed accents.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from unicodedata import normalize

from speech.errors import InvalidRequest, VoiceNotFound, VoicesUnavailable, shorten

EXTENSIONS = frozenset({".wav", ".mp3", ".m4a", ".ogg", ".flac", ".webm", ".aac", ".opus"})
"""The endings that a voice file's name may have, in any case."""

PARAM = "speaker_voice"
"""The field that an error about a voice names."""

MAX_CHOICES = 8
"""The most files that an error about an ambiguous name lists."""

_MAX_PATH_BYTES = 4096
_ABSENT = frozenset(
    {
        errno.ENOENT,
        errno.ENOTDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.EINVAL,  # how some file systems refuse a name, as with the next one
        errno.EILSEQ,
        errno.EACCES,
        errno.EPERM,
    }
)
"""The errors of a path at which there is nothing for us. Any other is the folder's or our own: a
mount whose server died, no more file descriptors.
"""

shorten_name = partial(shorten, max_chars=255)


@dataclass(frozen=True)
class _Place:
    """A path below the voices folder as a caller writes it, and where it leads."""

    name: str
    path: str


def chosen_name(voice: str | None) -> str | None:
    """Return the name that a request chose; None for the default voice, which has no file."""
    return None if voice in (None, "", "default") else voice


def find_file(voices_dir: str, name: str) -> str:
    """Return the real path of the regular file below the folder that `name` means.

    A file called exactly `name` comes before one that is equal to it in NFC, and that before one
    with the stem `name`.

    Raises:
        InvalidRequest: The name leads out of the folder or means several files, or the file's
            extension is none of `EXTENSIONS`.
        VoiceNotFound: There is no such file.
        VoicesUnavailable: The folder cannot tell.
    """
    path = _resolve(voices_dir, name)
    if os.path.basename(name) in ("", "."):  # the name of a folder, even where a file is
        raise not_found(name)
    if not _is_regular(path):
        places = _find_alike(os.path.realpath(voices_dir), name)
        if not places:
            raise not_found(name)
        if len(places) > 1:
            raise _ambiguous(name, [place.name for place in places])
        name, path = places[0].name, places[0].path
    extension = extension_of(name)
    if extension not in EXTENSIONS:
        raise InvalidRequest(
            f"Unsupported speaker_voice extension: {shorten_name(extension) or '(none)'}", PARAM
        )
    return path


def usable_names(voices_dir: str) -> Iterator[str]:
    """Yield the name of each usable voice file: neither hidden nor leading out of the folder.

    Loops of links are walked once.
    """
    folder = os.path.realpath(voices_dir)
    seen: set[str] = set()
    pending = [_Place("", folder)]
    while pending:
        current = pending.pop()
        if current.path in seen:
            continue
        seen.add(current.path)
        for entry in _entries(current.path):
            if entry.name.startswith("."):
                continue
            is_link = entry.is_symlink()
            path = os.path.realpath(entry.path) if is_link else entry.path
            if is_link and not _is_inside(folder, path):
                continue
            place = _Place(os.path.join(current.name, entry.name), path)
            # A directory entry knows its own kind without asking the file system again.
            if os.path.isdir(path) if is_link else entry.is_dir():
                pending.append(place)
            elif extension_of(entry.name) in EXTENSIONS and (
                os.path.isfile(path) if is_link else entry.is_file()
            ):
                yield place.name


def name_below(voices_dir: str, path: str) -> str:
    """Return the name that leads to `path`, a real path, without a link in it."""
    return os.path.relpath(path, os.path.realpath(voices_dir))


def extension_of(name: str) -> str:
    """Return the extension of a file's name in lower case, its dot included, or nothing."""
    return os.path.splitext(name)[1].lower()


def not_found(name: str) -> VoiceNotFound:
    """Return the error of a name that means no file."""
    message, way_out = f"speaker_voice '{shorten_name(name)}' not found", None
    if os.path.basename(name) and extension_of(name) not in EXTENSIONS:
        example = shorten_name(f"{name}.wav")
        way_out = (
            f"add a file of that name, such as '{example}', to the server's voices folder, "
            "or use 'default'"
        )
    return VoiceNotFound(message, PARAM, way_out)


def require_absence(error: OSError) -> None:
    """Return if `error` says that there is nothing for us at a path.

    Raises:
        VoicesUnavailable: It says nothing of the kind: another try may find a file.
    """
    if error.errno not in _ABSENT:
        raise VoicesUnavailable from error


def _ambiguous(name: str, files: list[str]) -> InvalidRequest:
    choices = [f"'{shorten_name(file)}'" for file in sorted(files)[:MAX_CHOICES]]
    if len(files) > MAX_CHOICES:
        choices.append("…")
    return InvalidRequest(
        f"speaker_voice '{shorten_name(name)}' means several files: {', '.join(choices)}",
        PARAM,
        "name one of them",
    )


def _resolve(voices_dir: str, name: str) -> str:
    """Return the real path below the real folder that exactly `name` leads to, existing or not."""
    invalid = InvalidRequest("Invalid speaker_voice path", PARAM)
    try:
        num_bytes = len(os.fsencode(name))
        if "\0" in name or os.path.isabs(name) or ".." in name.split("/"):
            raise invalid
    except UnicodeEncodeError:  # a lone surrogate: no file can be called that
        raise invalid from None
    if num_bytes > _MAX_PATH_BYTES:
        raise not_found(name)
    folder = os.path.realpath(voices_dir)
    path = os.path.realpath(os.path.join(folder, name))
    if not _is_inside(folder, path):
        raise invalid
    return path


def _find_alike(folder: str, name: str) -> list[_Place]:
    """Return the files that `name` may mean, none of them called exactly so."""
    *parents, last = (normalize("NFC", part) for part in name.split("/"))
    places = [_Place("", folder)]
    for parent in parents:
        if parent not in ("", "."):
            places = [place for child, place in _alike(folder, places, parent) if child == parent]
    found = [(child, p) for child, p in _alike(folder, places, last) if _is_regular(p.path)]
    equal = [place for child, place in found if child == last]
    if equal or extension_of(last) in EXTENSIONS:
        return equal
    return [place for child, place in found if extension_of(child) in EXTENSIONS]


def _alike(folder: str, places: list[_Place], wanted: str) -> Iterator[tuple[str, _Place]]:
    """Yield what has the name or the stem `wanted`, by its name in NFC, but for what leads out."""
    for parent in places:
        for name in _listed(parent.path):
            child = name if name.isascii() else normalize("NFC", name)
            # The file system is asked about few: there may be thousands, on a share.
            if child.startswith(wanted) and wanted in (child, os.path.splitext(child)[0]):
                path = os.path.realpath(os.path.join(parent.path, name))
                if _is_inside(folder, path):
                    yield child, _Place(os.path.join(parent.name, name), path)


def _listed(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except OSError as error:
        require_absence(error)
        return []


def _entries(path: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as scan:
            return list(scan)
    except OSError:
        return []


def _is_inside(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _is_regular(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path, follow_symlinks=False).st_mode)
    except OSError as error:
        require_absence(error)
        return False
