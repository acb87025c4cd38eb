"""The pages of Ogg files, and comments without the pictures in them."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from speech.decoding.audio import Reader, SeekableReader

_MAGIC = b"OggS"
_HEADER_BYTES = 27
_FLAGS_AT, _CONTINUES_PACKET, _BEGINS_STREAM = 5, 1, 2
_POSITION = slice(6, 14)
_SERIAL = slice(14, 18)
_CHECKSUM = slice(22, 26)
_NUM_SEGMENTS_AT = 26
_MAX_HEADER_BYTES = _HEADER_BYTES + 255
_READ_BYTES = 2**16
_POLYNOMIAL = 0x04C11DB7

# The comment packet that replaces the second one of a stream, by the beginning of the first.
_EMPTY_COMMENTS = {
    b"OpusHead": b"OpusTags" + bytes(8),
    b"\x01vorbis": b"\x03vorbis" + bytes(8) + b"\x01",
}
_AUDIO_HEADS = (*_EMPTY_COMMENTS, b"\x7fFLAC")


class Pages:
    """The pages of an Ogg file, one after the other; damaged bytes between two count as a page."""

    def __init__(self, file: Reader) -> None:
        self._file = file
        self._ahead = bytearray()

    def are_over(self) -> bool:
        """Tell whether no page is left."""
        self._look_ahead(1)
        return not self._ahead

    def next_begins_stream(self) -> bool:
        """Tell whether the next page is the first of a logical stream."""
        self._look_ahead(_HEADER_BYTES)
        begins = _is_page(self._ahead) and bool(self._ahead[_FLAGS_AT] & _BEGINS_STREAM)
        # Elsewhere the flag is damage: only a stream's headers stand at position 0.
        return begins and not any(self._ahead[_POSITION])

    def take(self) -> bytes:
        """Return the next page, empty at the end."""
        self._look_ahead(_MAX_HEADER_BYTES)
        if _is_page(self._ahead):
            num_bytes = _header_bytes(self._ahead) + sum(_segments(self._ahead))
            self._look_ahead(num_bytes)
        else:
            found = self._ahead.find(_MAGIC, 1)
            # The magic's beginning may stand at the end of what is known.
            num_bytes = found if found > 0 else max(1, len(self._ahead) - len(_MAGIC) + 1)
        page = bytes(self._ahead[:num_bytes])
        del self._ahead[:num_bytes]
        return page

    def _look_ahead(self, num_bytes: int) -> None:
        """Read until `num_bytes` are known, if there are as many."""
        while len(self._ahead) < num_bytes:
            data = self._file.read(_READ_BYTES)
            if not data:
                return
            self._ahead += data


def without_pictures(link: Iterable[bytes]) -> Iterator[bytes]:
    """Pass on the pages of one link; comments that fill a page and more are left empty."""
    pages = iter(link)
    first = next(pages, b"")
    yield first
    head = first[_header_bytes(first) :] if _is_page(first) else b""
    comment = next((c for magic, c in _EMPTY_COMMENTS.items() if head.startswith(magic)), None)
    second = next(pages, b"")
    if comment and _is_page(second) and second[_SERIAL] == first[_SERIAL] and _is_filled(second):
        second = next((page for page in pages if not _is_filled(page)), b"")
        if _is_page(second):
            second = _with_first_packet(second, comment)
    yield second
    yield from pages


def find_last_position(file: SeekableReader) -> int | None:
    """Return the last position of an Ogg file's first stream, in the stream's own unit.

    None if that stream is no audio or another one ends the file. The file's position stays.
    """
    start = file.tell()
    first = bytes(file.read(_MAX_HEADER_BYTES))
    if not _is_page(first) or not first[_header_bytes(first) :].startswith(_AUDIO_HEADS):
        file.seek(start)
        return None
    file.seek(0, io.SEEK_END)
    file.seek(max(start, file.tell() - _READ_BYTES))
    tail = bytes(file.read(_READ_BYTES))
    file.seek(start)
    last = tail[max(0, tail.rfind(_MAGIC)) :]
    if not _is_page(last) or last[_SERIAL] != first[_SERIAL]:
        return None
    position = int.from_bytes(last[_POSITION], "little", signed=True)
    return position if position >= 0 else None


def _is_page(data: bytes | bytearray) -> bool:
    return len(data) >= _HEADER_BYTES and data.startswith(_MAGIC)


def _header_bytes(page: bytes | bytearray) -> int:
    return _HEADER_BYTES + page[_NUM_SEGMENTS_AT]


def _segments(page: bytes | bytearray) -> bytes | bytearray:
    """Return the lengths of a page's segments; a packet ends with the first below 255."""
    return page[_HEADER_BYTES : _header_bytes(page)]


def _is_filled(page: bytes) -> bool:
    """Tell whether no packet ends in a page: the one in it goes on in the next."""
    return _is_page(page) and min(_segments(page), default=0) == 255


def _with_first_packet(page: bytes, packet: bytes) -> bytes:
    """Return a page with `packet`, below 255 bytes, in place of the first packet in it."""
    segments = bytes(_segments(page))
    num_segments = next(i for i, size in enumerate(segments) if size < 255) + 1
    body = page[_header_bytes(page) + sum(segments[:num_segments]) :]
    segments = bytes([len(packet)]) + segments[num_segments:]
    new = bytearray(page[:_HEADER_BYTES] + segments + packet + body)
    new[_FLAGS_AT] &= ~_CONTINUES_PACKET
    new[_NUM_SEGMENTS_AT] = len(segments)
    new[_CHECKSUM] = bytes(4)
    new[_CHECKSUM] = _checksum(new).to_bytes(4, "little")
    return bytes(new)


def _checksum(data: bytes | bytearray) -> int:
    """Return Ogg's checksum: a CRC-32 that is not reflected and begins with 0 (RFC 3533)."""
    crc = 0
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = crc << 1 ^ (_POLYNOMIAL if crc & 0x80000000 else 0)
            crc &= 0xFFFFFFFF
    return crc
