"""Encoding of PCM to an output format, in pieces or at once, with FFmpeg's libraries.

A streamed file and a whole one hold the same coded audio. They differ in the header only, which
a whole file completes when its length is known. The same input gives the same bytes: nothing
random and no date goes into a file.
"""

from __future__ import annotations

import io
import weakref

import av
import numpy as np
import soxr
from numpy.typing import NDArray

from speech.formats import Format, check_sample_rate
from speech.limiter import Limiter
from speech.pcm import PCM


class Encoder:
    """An encoder of one file; used by one thread at a time and finished once.

    MP3 and AAC code a little silence before the audio and fill up their last frame (less than
    60 ms in all at 44.1 kHz); the other formats decode to exactly as many samples as were given.
    The WAV header of a stream gives the length as 0xFFFFFFFF, as FFmpeg's does into a pipe:
    players then read on to the end, while a length of 0 makes some stop at once.

    Args:
        output: The output format.
        input_rate: The rate of the PCM in Hz.
        sample_rate: The rate of the file in Hz.
        whole: Whether everything is held back until `finish`, for a complete header.
        limits_peaks: Whether true peaks are limited, at the rate of the file, and the encoder's own
            gain is made up for.

    Raises:
        InvalidRequest: The format has no such sample rate.
    """

    def __init__(
        self,
        output: Format,
        input_rate: int,
        sample_rate: int,
        *,
        whole: bool = False,
        limits_peaks: bool = False,
    ) -> None:
        check_sample_rate(output, sample_rate)
        self._output = output
        self._sample_rate = sample_rate
        self._num_samples = 0
        self._resampler = (
            None
            if sample_rate == input_rate
            else soxr.ResampleStream(input_rate, sample_rate, num_channels=1)
        )
        self._limiter = Limiter(sample_rate, output.peak_db) if limits_peaks else None
        self._gain = np.float32(10 ** (-output.encoder_gain_db / 20) if limits_peaks else 1)
        self._sink = _File() if whole else _Pipe()
        self._container = av.open(
            self._sink,
            "w",
            format=output.muxer,
            container_options={"fflags": "+bitexact", "flush_packets": "1", **output.muxer_options},
        )
        self._stream = self._container.add_stream(
            output.encoder,
            sample_rate,
            options={"flags": "+bitexact", **output.encoder_options},
            layout="mono",
            format=output.sample_format,
            bit_rate=output.bitrate or 0,
        )
        # Container and stream refer to each other: without this, an encoder given up half-way
        # would keep its threads and memory until a full garbage collection.
        weakref.finalize(self, self._container.close)
        self._container.start_encoding()

    def encode(self, pcm: PCM) -> bytes:
        """Encode mono `pcm`, clipped to [-1, 1]; return the bytes that are ready, if any."""
        if self._resampler is not None:
            pcm = self._resampler.resample_chunk(pcm)
        self._feed(pcm if self._limiter is None else self._limiter.process(pcm))
        return self._sink.take()

    def finish(self) -> bytes:
        """End the file; return its remaining bytes."""
        rest = np.empty(0, np.float32)
        if self._resampler is not None:
            rest = self._resampler.resample_chunk(rest, last=True)
        if self._limiter is not None:
            rest = np.concatenate((self._limiter.process(rest), self._limiter.finish()))
        self._feed(rest)
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._sink.take_rest()

    def _feed(self, pcm: PCM) -> None:
        if not len(pcm):
            return
        sample_format = self._output.sample_format
        pcm = self._gain * pcm
        samples = _to_int16(pcm) if sample_format == "s16" else np.clip(pcm, -1.0, 1.0)
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], sample_format, "mono")
        frame.sample_rate = self._sample_rate
        frame.pts = self._num_samples
        self._num_samples += len(pcm)
        self._container.mux(self._stream.encode(frame))


def _to_int16(pcm: PCM) -> NDArray[np.int16]:
    # 32768, not 32767: decoders divide by it, so 16-bit material comes back unchanged.
    return np.clip(np.rint(pcm * 32768), -32768, 32767).astype(np.int16)


class _Pipe:
    """A muxer's output as a stream: without `seek` it never goes back to the header."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def write(self, data: bytes) -> int:
        self._pending += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._pending)
        self._pending.clear()
        return taken

    take_rest = take


class _File(io.BytesIO):
    """A muxer's output as a whole file: no byte is final before the header is complete."""

    def take(self) -> bytes:
        return b""

    def take_rest(self) -> bytes:
        return self.getvalue()
