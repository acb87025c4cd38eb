"""Audio files of every kind, made in memory, and what is measured of audio."""

import io
import wave

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import ArrayLike, NDArray

from speech.pcm import SAMPLE_RATE_HZ

Samples = NDArray[np.float32]


def sine(
    seconds: float = 1.0, rate_hz: int = 48_000, pitch_hz: float = 440.0, channels: int = 1
) -> Samples:
    """Half of full scale, shape (channels, samples)."""
    times = np.arange(round(seconds * rate_hz)) / rate_hz
    return np.tile((0.5 * np.sin(2 * np.pi * pitch_hz * times)).astype(np.float32), (channels, 1))


def encode(container: str, codec: str, samples: Samples, rate_hz: int = 48_000) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        fill(out, add_track(out, codec, len(samples), rate_hz), samples)
    return file.getvalue()


def add_track(
    out: OutputContainer, codec: str, channels: int = 1, rate_hz: int = 48_000
) -> AudioStream:
    stream = out.add_stream(codec, rate=rate_hz)
    stream.layout = {1: "mono", 2: "stereo"}[channels]
    stream.options = {"strict": "experimental"}  # FFmpeg's own Vorbis encoder asks for it
    return stream


def fill(out: OutputContainer, stream: AudioStream, samples: Samples) -> None:
    for start in range(0, samples.shape[1], stream.rate):
        piece = np.ascontiguousarray(samples[:, start : start + stream.rate], np.float32)
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=stream.layout.name)
        frame.sample_rate = stream.rate
        frame.pts = start
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def wav(samples: ArrayLike, rate_hz: int = SAMPLE_RATE_HZ) -> bytes:
    """16-bit samples, shape (samples,) or (samples, channels)."""
    stored = np.asarray(samples, "<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((stored[0].size if stored.size else 1, 2, rate_hz, 0, "NONE", ""))
        out.writeframes(stored.tobytes())
    return file.getvalue()


def float_wav(samples: Samples, rate_hz: int = SAMPLE_RATE_HZ) -> bytes:
    return encode("wav", "pcm_f32le", np.atleast_2d(samples), rate_hz)


def two_tracks(first: Samples, second: Samples, container: str = "mp4") -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        tracks = add_track(out, "aac", len(first)), add_track(out, "aac", len(second))
        for track, samples in zip(tracks, (first, second), strict=True):
            fill(out, track, samples)
    return file.getvalue()


def add_film(out: OutputContainer) -> VideoStream:
    stream = out.add_stream("mpeg4", rate=10)
    stream.width = stream.height = 32
    stream.pix_fmt = "yuv420p"
    return stream


def seconds(audio: Samples) -> float:
    return len(audio) / SAMPLE_RATE_HZ


def pitch_hz(audio: Samples) -> float:
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio))))
    return float(spectrum.argmax() / seconds(audio))


class CountingFile(io.BytesIO):
    """Counts the bytes read from it."""

    num_read = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.num_read += len(data)
        return data
