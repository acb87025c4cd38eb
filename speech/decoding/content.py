"""The table of voice formats: which library reads a file, by its content and not by its name.

libsndfile reads the PCM family, some of which FFmpeg reads as noise. FFmpeg reads the rest,
faster than libsndfile and further into damaged files (measured in decision 0015).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from speech.decoding.audio import Decoder, SeekableReader, UndecodableAudio
from speech.decoding.ffmpeg import open_with_ffmpeg
from speech.decoding.file_view import FileView
from speech.decoding.libsndfile import open_with_libsndfile
from speech.decoding.ogg import open_ogg
from speech.decoding.pcm_headers import caf_repairs, wav_repairs, wave64_repairs
from speech.decoding.pictures import flac_pictures, matroska_pictures, mp4_pictures, skip_tags

_SIGNATURE_BYTES = 16
_BOTH = (open_with_libsndfile, open_with_ffmpeg)
_LIBSNDFILE = (open_with_libsndfile,)
_FFMPEG = (open_with_ffmpeg,)


@dataclass(frozen=True)
class Content:
    """A kind of content and the way to read it.

    Attributes:
        name: The usual name.
        signature: A pattern that the first 16 bytes match.
        decoders: The decoders in the order in which they are tried.
        patches: Returns the bytes to replace before decoding, by offset.
    """

    name: str
    signature: bytes
    decoders: tuple[Decoder, ...]
    patches: Callable[[SeekableReader], Mapping[int, bytes]] | None = None


CONTENTS = (
    Content("WAV", rb"(RIFF|RF64|BW64)....WAVE", _BOTH, wav_repairs),
    # FFmpeg takes it for little-endian.
    Content("RIFX", rb"RIFX....WAVE", _LIBSNDFILE, wav_repairs),
    Content("Wave64", rb"riff\x2e\x91\xcf\x11", _BOTH, wave64_repairs),
    Content("AIFF", rb"FORM....AIF[FC]", _BOTH),
    Content("CAF", rb"caff", _BOTH, caf_repairs),
    Content("AU", rb"\.snd|dns\.", _LIBSNDFILE),
    Content("FLAC", rb"fLaC", _FFMPEG, flac_pictures),
    Content("Ogg", rb"OggS", (open_ogg,)),
    Content("MP4", rb"....(ftyp|moov|mdat|free|skip|wide)", _FFMPEG, mp4_pictures),
    Content("Matroska", rb"\x1a\x45\xdf\xa3", _FFMPEG, matroska_pictures),
    Content("MP3, AAC", rb"", _FFMPEG),  # and whatever else FFmpeg may recognise
)
"""All kinds of content; the first that matches counts."""


def view_content(file: SeekableReader) -> tuple[Content, Callable[[], FileView]]:
    """Return the kind of content at the file's position, and a function that opens a view of it.

    Each view begins at the start of the content; one is used at a time.

    Raises:
        UndecodableAudio: There is none.
    """
    whole = FileView(file)
    skip_tags(whole)
    start = whole.tell()
    signature = whole.read(_SIGNATURE_BYTES)
    if not signature and not start:
        raise UndecodableAudio("the file is empty")
    content = next(row for row in CONTENTS if re.match(row.signature, signature, re.DOTALL))
    whole.seek(start)
    patches = content.patches(whole) if content.patches else None

    def view() -> FileView:
        whole.seek(start)
        return FileView(whole, patches)

    return content, view
