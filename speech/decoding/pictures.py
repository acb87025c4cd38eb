"""The embedded pictures of audio files, hidden from the decoders.

FFmpeg reads a cover picture into memory: one of 40 MB takes 0.1 s and 76 MB at every decode. A
picture that is renamed to padding is skipped without being read. Each function moves the position
of the file that it is given.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

from speech.decoding.audio import SeekableReader

_TAG_HEADER_BYTES = 10
_MAX_TAGS = 10
_MAX_BLOCKS = 1000
_FLAC_PADDING, _FLAC_PICTURE, _FLAC_LAST = 1, 6, 0x80
_COVER_PATH = (b"moov", b"udta", b"meta", b"ilst", b"covr")
_META_FIELDS_BYTES = 4  # between the header of `meta` and what it holds
_SEGMENT, _ATTACHMENTS = 0x18538067, 0x1941A469
_VOID = b"\xec"
_MAX_ID_BYTES, _MAX_SIZE_BYTES = 4, 8


def skip_tags(file: SeekableReader) -> None:
    """Move `file` past the ID3v2 tags at its position."""
    for _ in range(_MAX_TAGS):
        start = file.tell()
        header = file.read(_TAG_HEADER_BYTES)
        if len(header) < _TAG_HEADER_BYTES or header[:3] != b"ID3" or max(header[6:]) > 0x7F:
            file.seek(start)
            return
        num_bytes = sum(byte << 7 * (3 - index) for index, byte in enumerate(header[6:]))
        has_footer = bool(header[5] & 0x10)
        file.seek(start + _TAG_HEADER_BYTES * (1 + has_footer) + num_bytes)


def flac_pictures(file: SeekableReader) -> Mapping[int, bytes]:
    """Return the bytes that turn a FLAC file's pictures to padding, by offset."""
    start = file.tell()
    at, patches = 4, {}
    for _ in range(_MAX_BLOCKS):
        file.seek(start + at)
        header = file.read(4)
        if len(header) < 4:
            break
        is_last = header[0] & _FLAC_LAST
        if header[0] & ~_FLAC_LAST == _FLAC_PICTURE:
            patches[at] = bytes([_FLAC_PADDING | is_last])
        if is_last:
            break
        at += 4 + int.from_bytes(header[1:], "big")
    return patches


def mp4_pictures(file: SeekableReader) -> Mapping[int, bytes]:
    """Return the bytes that turn an MP4 file's covers to free space, by offset."""
    start = file.tell()
    pending: list[tuple[int, int | None, int]] = [(0, None, 0)]  # start, end, depth
    patches = {}
    while pending:
        at, end, depth = pending.pop()
        for name, inside, stop in _atoms(file, start, at, end):
            if name != _COVER_PATH[depth]:
                continue
            if depth == len(_COVER_PATH) - 1:
                patches[inside - 4] = b"free"
            else:
                skipped = _META_FIELDS_BYTES if name == b"meta" else 0
                pending.append((inside + skipped, stop, depth + 1))
    return patches


def _atoms(
    file: SeekableReader, start: int, at: int, end: int | None
) -> Iterator[tuple[bytes, int, int | None]]:
    """Yield the name of each atom from `at` to `end`, and the start and the end of its content."""
    for _ in range(_MAX_BLOCKS):
        if end is not None and at >= end:
            return
        file.seek(start + at)
        header = file.read(16)
        if len(header) < 8:
            return
        num_bytes, name = struct.unpack_from(">I4s", header)
        header_bytes = 8
        if num_bytes == 1 and len(header) == 16:
            (num_bytes,) = struct.unpack_from(">Q", header, 8)
            header_bytes = 16
        if num_bytes == 0:  # up to the end of the file
            yield name, at + header_bytes, end
            return
        if num_bytes < header_bytes:
            return
        yield name, at + header_bytes, at + num_bytes
        at += num_bytes


def matroska_pictures(file: SeekableReader) -> Mapping[int, bytes]:
    """Return the bytes that turn a Matroska file's attachments to a void, by offset."""
    start = file.tell()
    at = 0
    for _ in range(_MAX_BLOCKS):
        file.seek(start + at)
        header = bytes(file.read(_MAX_ID_BYTES + _MAX_SIZE_BYTES))
        element = _element(header)
        if element is None:
            break
        identity, header_bytes, num_bytes = element
        if identity == _ATTACHMENTS:
            return {at: _void(header_bytes + num_bytes)}
        # What a segment holds follows its header.
        at += header_bytes + (0 if identity == _SEGMENT else num_bytes)
    return {}


def _element(header: bytes) -> tuple[int, int, int] | None:
    """Return an EBML element's ID, the bytes of its header and of its content; None at the end."""
    if not header or not header[0]:
        return None
    id_bytes = 9 - header[0].bit_length()
    sized = header[id_bytes:]
    if id_bytes > _MAX_ID_BYTES or not sized or not sized[0]:
        return None
    size_bytes = 9 - sized[0].bit_length()
    size = int.from_bytes(sized[:size_bytes], "big") & (1 << 7 * size_bytes) - 1
    return int.from_bytes(header[:id_bytes], "big"), id_bytes + size_bytes, size


def _void(num_bytes: int) -> bytes:
    """Return the header of a void that takes `num_bytes`, 5 or more, with its header."""
    size_bytes = min(_MAX_SIZE_BYTES, num_bytes - len(_VOID))
    size = num_bytes - len(_VOID) - size_bytes
    return _VOID + (size | 1 << 7 * size_bytes).to_bytes(size_bytes, "big")
