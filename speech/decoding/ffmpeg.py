"""Reading with FFmpeg's libraries (PyAV): every compressed format, and films for their sound."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Sequence
from itertools import groupby
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.plane import AudioPlane
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from numpy.typing import NDArray

from speech.decoding.audio import (
    BLOCK_VALUES,
    NO_CODEC,
    NOT_AUDIO,
    Block,
    Reader,
    Source,
    UnreadableAudio,
)

# Only containers of audio and of audio beside video. FFmpeg's playlist formats (HLS, concat, DASH)
# must stay out: a "voice" could name other files and addresses to be read.
_OPEN_OPTIONS = {
    "format_whitelist": "wav,w64,aiff,caf,flac,ogg,mp3,aac,mov,matroska",
    "protocol_whitelist": "",
}
_READ_BYTES = 2**18
_DTYPES: dict[str, type[np.number[Any]]] = {
    "u8": np.uint8,
    "s16": np.int16,
    "s32": np.int32,
    "s64": np.int64,
    "flt": np.float32,
    "dbl": np.float64,
}
"""The type of a sample by FFmpeg's name of the format."""


@contextlib.contextmanager
def open_with_ffmpeg(file: Reader) -> Iterator[_Container]:
    """Open a file with FFmpeg; see `speech.decoding.audio.Decoder`."""
    try:
        with av.open(
            file, "r", metadata_errors="replace", buffer_size=_READ_BYTES, options=_OPEN_OPTIONS
        ) as container:
            yield _Container(container)
    except FFmpegError as error:
        raise UnreadableAudio(NOT_AUDIO) from error


class _Container:
    """A container that FFmpeg has open."""

    def __init__(self, container: InputContainer) -> None:
        self._container = container
        # A stream whose codec is unknown has no context; touching such a one crashed old PyAV.
        self._streams = {
            number: stream
            for number, stream in enumerate(container.streams.audio)
            if stream.codec_context is not None
        }
        if not self._streams:
            raise UnreadableAudio(
                NO_CODEC if container.streams.audio else "it holds no audio stream"
            )

    @property
    def tracks(self) -> Sequence[Source]:
        """The audio streams that FFmpeg has a decoder for."""
        duration = self._container.duration
        return [
            Source(
                codec=stream.codec_context.codec.canonical_name,
                sample_rate_hz=stream.sample_rate,
                num_channels=stream.channels,
                duration_s=None if duration is None else duration / av.time_base,
                track=number,
            )
            for number, stream in self._streams.items()
        ]

    def blocks(self, index: int) -> Generator[Block, None, None]:
        """Yield the samples of a track; see `speech.decoding.audio.AudioFile`."""
        frames = _frames(self._container, list(self._streams.values())[index])
        for (rate_hz, num_channels, _), alike in groupby(frames, key=_form):
            # Frames are small (about 1000 samples): gathered, their cost in Python nearly vanishes.
            fifo = av.AudioFifo()
            for frame in alike:
                frame.pts = None  # gaps in time are closed
                fifo.write(frame)
                if fifo.samples * num_channels >= BLOCK_VALUES:
                    yield Block(rate_hz, _samples(fifo))
            if fifo.samples:
                yield Block(rate_hz, _samples(fifo))


def _frames(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """Yield the decoded frames of a stream, passing over damaged packets."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except FFmpegError:  # the container breaks off here
            return
        if packet is None:
            return
        with contextlib.suppress(FFmpegError):
            yield from packet.decode()


def _form(frame: AudioFrame) -> tuple[int, int, str]:
    """Return what frames that are gathered have in common: rate in Hz, channels, sample format."""
    return frame.sample_rate, frame.layout.nb_channels, frame.format.name


def _samples(fifo: av.AudioFifo) -> NDArray[np.float32]:
    """Empty `fifo`; return its samples, full scale at 1, shape (num_samples, num_channels)."""
    frame = fifo.read()
    assert frame is not None, "an empty FIFO is never read"
    stored = _stored(frame)
    with np.errstate(over="ignore"):  # float64 may hold more: the infinity is refused later
        values: NDArray[np.float32] = stored.astype(np.float32, copy=False)
    if stored.dtype == np.uint8:
        values -= np.float32(128)
    if stored.dtype.kind in "iu":
        values *= np.float32(2.0 ** (1 - 8 * stored.dtype.itemsize))
    # Planar: a row per channel. Packed: one row, channels taking turns.
    return values.T if frame.format.is_planar else values.reshape(-1, frame.layout.nb_channels)


def _stored(frame: AudioFrame) -> NDArray[Any]:
    """Return a frame's samples as stored: a row per channel, or one row of channels in turn.

    PyAV's own array counts the planes up to a null pointer, which 8 or more do not end with: it
    would read on past them, and crash.
    """
    num_channels = frame.layout.nb_channels
    num_planes = num_channels if frame.format.is_planar else 1
    num_values = frame.samples * num_channels // num_planes
    planes = (bytes(AudioPlane(frame, index)) for index in range(num_planes))
    dtype = _DTYPES[frame.format.packed.name]
    return np.stack([np.frombuffer(plane, dtype, num_values) for plane in planes])
