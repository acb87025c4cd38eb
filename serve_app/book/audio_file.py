"""The audio file of a book: its parts joined with pauses and encoded, as M4B with chapters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import BinaryIO, NamedTuple

import av
import numpy as np
from av.stream import Disposition

from serve_app.audio_target import StreamedHeader
from serve_app.book.levels import SpokenPart, even
from speech.encoding import Encoder
from speech.formats import FORMATS, Format
from speech.joining import Joiner
from speech.limiter import Limiter
from speech.pcm import PCM

M4B = "m4b"
M4B_AUDIO = FORMATS["aac"]
"""The row of the server's formats that codes an M4B's audio."""
_M4B_OPTIONS = {"fflags": "+bitexact", "brand": "M4A "}
_PICTURES = {b"\xff\xd8\xff": "mjpeg", b"\x89PNG\r\n\x1a\n": "png"}
"""What the pictures that an M4B may have begin with, and FFmpeg's names of them."""


class _Mark(NamedTuple):
    """The beginning of a chapter, in samples."""

    title: str
    start: int


def write_audio(
    target: BinaryIO,
    spoken: Sequence[SpokenPart],
    *,
    output: Format,
    rate_hz: int,
    has_loudness: bool,
) -> float:
    """Write parts in one of the server's formats, at their rate; return the seconds.

    With `has_loudness` the parts are as loud as was asked for, and true peaks are limited; without,
    they are made as loud as one another.
    """
    if not has_loudness:
        spoken = even(spoken, rate_hz)
    encoder = Encoder(output, rate_hz, rate_hz, limits_peaks=has_loudness)
    header = StreamedHeader(target)
    num_samples = 0

    def write(packet: bytes) -> None:
        target.write(packet)
        header.feed(packet)

    for pcm in _joined(spoken, rate_hz, []):
        num_samples += len(pcm)
        write(encoder.encode(pcm))
    write(encoder.finish())
    header.complete(num_samples)
    return num_samples / rate_hz


def write_m4b(
    target: BinaryIO,
    spoken: Sequence[SpokenPart],
    *,
    title: str,
    rate_hz: int,
    has_loudness: bool,
    author: str = "",
    cover: bytes = b"",
) -> float:
    """Write parts as M4B with a title and chapters, at their rate; return the seconds.

    What stands before the first heading is a chapter that has the book's title. A cover that is
    neither JPEG nor PNG is left out. For `has_loudness` see `write_audio`.
    """
    title = title.encode(errors="replace").decode()  # a file's name may be no UTF-8
    if not has_loudness:
        spoken = even(spoken, rate_hz)
    marks: list[_Mark] = []
    # Players find the chapters in the header, before which the audio has to be measured.
    num_samples = sum(len(pcm) for pcm in _joined(spoken, rate_hz, marks))
    time_base = Fraction(1, rate_hz)
    with av.open(target, "w", format="mp4", container_options=_M4B_OPTIONS) as container:
        container.metadata.update(title=title, artist=author, genre="Audiobook")
        stream = container.add_stream(
            M4B_AUDIO.encoder,
            rate_hz,
            options={"flags": "+bitexact", **M4B_AUDIO.encoder_options},
            layout="mono",
            format=M4B_AUDIO.sample_format,
            bit_rate=M4B_AUDIO.bitrate or 0,
        )
        container.set_chapters(
            [
                {
                    "id": number,
                    "start": mark.start,
                    "end": after.start,
                    "time_base": time_base,
                    "metadata": {"title": mark.title or title},
                }
                for number, (mark, after) in enumerate(pairwise([*marks, _Mark("", num_samples)]))
            ]
        )
        _add_cover(container, cover)
        position = 0
        pieces = _joined(spoken, rate_hz, [])
        for pcm in _limited(pieces, rate_hz) if has_loudness else pieces:
            if not len(pcm):
                continue
            samples = np.clip(pcm, -1.0, 1.0)[np.newaxis]
            frame = av.AudioFrame.from_ndarray(samples, M4B_AUDIO.sample_format, "mono")
            frame.sample_rate, frame.pts = rate_hz, position
            position += len(pcm)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return num_samples / rate_hz


def _add_cover(container: av.container.OutputContainer, cover: bytes) -> None:
    codec = next((name for mark, name in _PICTURES.items() if cover.startswith(mark)), None)
    if codec is not None:
        # Nothing decodes it, so a damaged picture costs no book; the file does not keep its size.
        stream = container.add_mux_stream(codec, width=1, height=1)
        stream.disposition = Disposition.attached_pic
        packet = av.Packet(cover)
        packet.stream = stream
        container.mux(packet)


def _limited(pieces: Iterable[PCM], rate_hz: int) -> Iterator[PCM]:
    limiter = Limiter(rate_hz, M4B_AUDIO.peak_db)
    for pcm in pieces:
        yield limiter.process(pcm)
    yield limiter.finish()


def _joined(spoken: Sequence[SpokenPart], rate_hz: int, marks: list[_Mark]) -> Iterator[PCM]:
    """Yield the audio of all parts with the pauses between; add the chapters to `marks`."""
    joiner = Joiner(rate_hz, crossfade=True)
    for index, spoken_part in enumerate(spoken):
        part = spoken_part.part
        if index:
            yield from joiner.next_chunk(part.pause_s)
        settled = joiner.feed(spoken_part.read(rate_hz))
        if part.chapter is not None:
            marks.append(_Mark(part.chapter, joiner.chunk_start if marks else 0))
        yield from settled
        yield from joiner.end_chunk()
    yield from joiner.finish()
