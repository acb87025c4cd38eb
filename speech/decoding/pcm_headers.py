"""The repair of PCM headers whose number of bits per sample, or length, decoders misread.

A sample takes whole bytes and may use fewer bits: 20 of 24, or 24 of 32. Its bits are then the
upper ones, so it may be read as if all bits were used, which the repaired header says. RF64 that
was streamed knows no length: as RIFF it is read to the end. Each function returns the bytes to
replace by offset, and moves the position of the file it is given.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from speech.decoding.audio import SeekableReader

_MAX_CHUNKS = 100
_PCM = 1
_PLAIN_TAGS = {_PCM, 3, 6, 7}  # floats, A-law and mu-law besides
_EXTENSIBLE = 0xFFFE
_FORMAT_BYTES = 16
_EXTENSION_BYTES = 40
_SUBFORMAT_AT = 24
_SUBFORMAT_TAIL = b"\xaa\x00\x38\x9b\x71"  # of the formats that plain tags stand for
_MAX_SAMPLE_BYTES = 4
_DATA_LENGTH = slice(8, 16)  # of the lengths in RF64's `ds64` chunk
_WAVE64_HEADER_BYTES = 40
_WAVE64_CHUNK_BYTES = 24
_WAVE64_ALIGNMENT = 8
_CAF_LAYOUT_AT = 28  # behind the file's header, the first chunk's header and the rate
_CAF_FLOAT = 1


def wav_repairs(file: SeekableReader) -> Mapping[int, bytes]:
    """Return the repairs of a WAV or RIFX file."""
    start = file.tell()
    order = ">" if file.read(4) == b"RIFX" else "<"
    repairs: dict[int, bytes] = {}
    at = 12
    for _ in range(_MAX_CHUNKS):
        file.seek(start + at)
        header = file.read(8)
        if len(header) < 8:
            break
        name, num_bytes = struct.unpack(f"{order}4sI", header)
        if name == b"ds64" and not any(file.read(_DATA_LENGTH.stop)[_DATA_LENGTH]):
            repairs[0] = b"RIFF"
        if name == b"fmt ":
            chunk = file.read(min(num_bytes, _EXTENSION_BYTES))
            return {**repairs, **_repairs(at + 8, chunk, order)}
        at += 8 + num_bytes + num_bytes % 2
    return repairs


def wave64_repairs(file: SeekableReader) -> Mapping[int, bytes]:
    """Return the repairs of a Wave64 file."""
    start = file.tell()
    at = _WAVE64_HEADER_BYTES
    for _ in range(_MAX_CHUNKS):
        file.seek(start + at)
        header = file.read(_WAVE64_CHUNK_BYTES)
        if len(header) < _WAVE64_CHUNK_BYTES:
            break
        (num_bytes,) = struct.unpack_from("<Q", header, 16)  # the chunk's header is counted in
        at += _WAVE64_CHUNK_BYTES
        size = num_bytes - _WAVE64_CHUNK_BYTES
        if size < 0:
            break
        if header.startswith(b"fmt "):
            return _repairs(at, file.read(min(size, _EXTENSION_BYTES)), "<")
        at += -(-size // _WAVE64_ALIGNMENT) * _WAVE64_ALIGNMENT
    return {}


def caf_repairs(file: SeekableReader) -> Mapping[int, bytes]:
    """Return the repairs of a CAF file."""
    file.seek(file.tell() + _CAF_LAYOUT_AT)
    header = file.read(24)
    if len(header) < 24:
        return {}
    codec, flags, packet_bytes, num_frames, channels, bits = struct.unpack(">4s5I", header)
    whole_bits = _whole_bits(bits, packet_bytes, channels)
    if codec != b"lpcm" or flags & _CAF_FLOAT or num_frames != 1 or whole_bits is None:
        return {}
    return {_CAF_LAYOUT_AT + 20: struct.pack(">I", whole_bits)}


def _repairs(at: int, chunk: bytes, order: str) -> Mapping[int, bytes]:
    """Return what the first 16 bytes of a format chunk at `at` ought to be; {} leaves them."""
    if len(chunk) < _FORMAT_BYTES:
        return {}
    layout = f"{order}HHIIHH"
    tag, channels, rate_hz, bytes_per_s, frame_bytes, bits = struct.unpack_from(layout, chunk)
    if tag == _EXTENSIBLE:
        tag = _subformat(chunk, order)
    if tag not in _PLAIN_TAGS:
        return {}
    if tag == _PCM and bytes_per_s == rate_hz * frame_bytes:
        bits = _whole_bits(bits, frame_bytes, channels) or bits
    return {at: struct.pack(layout, tag, channels, rate_hz, bytes_per_s, frame_bytes, bits)}


def _whole_bits(bits: int, frame_bytes: int, channels: int) -> int | None:
    """Return the bits of the bytes that a sample takes, None unless the fields agree.

    Some writers get one wrong.
    """
    sample_bytes = frame_bytes // max(1, channels)
    agree = frame_bytes == channels * sample_bytes and bits <= 8 * sample_bytes
    return 8 * sample_bytes if 0 < sample_bytes <= _MAX_SAMPLE_BYTES and agree else None


def _subformat(chunk: bytes, order: str) -> int | None:
    """Return the tag that an extensible format stands for, None if it stands for none."""
    if len(chunk) < _EXTENSION_BYTES or not chunk.endswith(_SUBFORMAT_TAIL):
        return None
    # Four bytes; big-endian, some writers (SoX) turn around the first two only.
    first, second = struct.unpack_from(f"{order}HH", chunk, _SUBFORMAT_AT)
    return int(first or second)
