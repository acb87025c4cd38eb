"""The table of voice formats: by its content, not its name, each is read by one library or two.

libsndfile reads the PCM family, where FFmpeg takes RIFX for RIFF and cannot be told apart valid
from stored bits; FFmpeg reads the rest, faster and further into damaged files. Measured in
decision 0015.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from speech.decoding.audio import Decoder, SeekableReader
from speech.decoding.ffmpeg import open_with_ffmpeg
from speech.decoding.file_view import FileView
from speech.decoding.libsndfile import open_with_libsndfile
from speech.decoding.ogg import open_ogg
from speech.decoding.pictures import flac_pictures, matroska_pictures, mp4_pictures, skip_tags
from speech.decoding.wav_header import wav_repairs

_SIGNATURE_BYTES = 16
_BOTH = (open_with_libsndfile, open_with_ffmpeg)
_LIBSNDFILE = (open_with_libsndfile,)
_FFMPEG = (open_with_ffmpeg,)


@dataclass(frozen=True)
class Content:
    """What files of one kind have in common.

    Attributes:
        name: The kind's usual name.
        signature: Matches a file's first 16 bytes.
        decoders: What reads it, in the order in which they are tried.
        patches: Returns the bytes that decoders shall see replaced, by offset.
    """

    name: str
    signature: re.Pattern[bytes]
    decoders: tuple[Decoder, ...]
    patches: Callable[[SeekableReader], Mapping[int, bytes]] | None = None


def _row(
    name: str,
    signature: bytes,
    decoders: tuple[Decoder, ...],
    patches: Callable[[SeekableReader], Mapping[int, bytes]] | None = None,
) -> Content:
    return Content(name, re.compile(signature, re.DOTALL), decoders, patches)


CONTENTS = (
    _row("WAV", rb"(RIFF|RF64|BW64)....WAVE", _BOTH, wav_repairs),
    _row("RIFX", rb"RIFX....WAVE", _LIBSNDFILE, wav_repairs),  # FFmpeg takes it for little-endian
    _row("Wave64", rb"riff\x2e\x91\xcf\x11", _BOTH),
    _row("AIFF", rb"FORM....AIF[FC]", _BOTH),
    _row("CAF", rb"caff", _BOTH),
    _row("AU", rb"\.snd|dns\.", _LIBSNDFILE),
    _row("FLAC", rb"fLaC", _FFMPEG, flac_pictures),
    _row("Ogg", rb"OggS", (open_ogg,)),
    _row("MP4", rb"....(ftyp|moov|mdat|free|skip|wide)", _FFMPEG, mp4_pictures),
    _row("Matroska", rb"\x1a\x45\xdf\xa3", _FFMPEG, matroska_pictures),
    _row("MP3, AAC", rb"", _FFMPEG),  # and whatever else FFmpeg may recognise
)
"""Every kind of content, the first that matches counts."""


def view_content(file: SeekableReader) -> tuple[Content, Callable[[], FileView]]:
    """Return what `file` holds from where it stands, and what opens a view of it, repeatedly."""
    whole = FileView(file)
    skip_tags(whole)
    start = whole.tell()
    signature = whole.read(_SIGNATURE_BYTES)
    content = next(row for row in CONTENTS if row.signature.match(signature))
    whole.seek(start)
    patches = content.patches(whole) if content.patches else None

    def view() -> FileView:
        whole.seek(start)
        return FileView(whole, patches)

    return content, view
