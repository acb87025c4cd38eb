"""An open audio file becomes reference audio: mono float32, 44.1 kHz, at most 300 s, |x| <= 1.

FFmpeg's libraries decode every container, chosen by content; the file's name plays no part. Block
by block and no further than 300 s, so a three-hour file costs no more than a five-minute one.
"""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from itertools import groupby
from typing import Any

import av
import numpy as np
import soxr
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from numpy.typing import NDArray

from speech.pcm import PCM, SAMPLE_RATE_HZ

MAX_SECONDS = 300
MAX_SAMPLES = MAX_SECONDS * SAMPLE_RATE_HZ

MIN_PEAK = 1e-3
"""Audio whose loudest sample lies below -60 dBFS is silence: dither and noise floors stay under
it, the quietest usable recording of a voice far above."""

MIN_FILE_RATE_HZ = 4_000
MAX_FILE_RATE_HZ = 192_000
"""Outside these no recording of a voice is plausible and 300 s would take too much memory."""

Mono = NDArray[np.float32]
Resample = Callable[[Mono, int], Mono]

# Only containers of audio and of audio beside video. FFmpeg's playlist formats (HLS, concat, DASH)
# must stay out: a "voice" could name other files and addresses to be read.
_OPEN_OPTIONS = {
    "format_whitelist": "wav,w64,aiff,caf,flac,ogg,mp3,aac,mov,matroska",
    "protocol_whitelist": "",
}
_READ_BYTES = 2**18
_BLOCK_VALUES = 2**18  # samples times channels that are mixed at once
_MAX_KERNEL_VALUES = 200_000  # of torchaudio's filter, which grows as the rates share less

log = logging.getLogger(__name__)


class UndecodableAudio(Exception):
    """The file holds no usable audio; the message is the reason, in our words, with no path."""


@dataclass(frozen=True)
class Source:
    """What a file says of the stream that is decoded.

    Attributes:
        duration_s: None where the container does not tell; of raw AAC and MP3 an estimate.
    """

    codec: str
    sample_rate_hz: int
    num_channels: int
    duration_s: float | None


def describe_source(file: io.RawIOBase) -> Source:
    """Return what an open file says of itself, at no cost of decoding.

    Raises:
        UndecodableAudio: It holds no audio stream.
        OSError: Reading the file failed.
    """
    with _opened(file) as container:
        stream = _audio_stream(container)
        return Source(
            codec=stream.codec_context.codec.canonical_name,
            sample_rate_hz=stream.sample_rate,
            num_channels=stream.channels,
            duration_s=None if container.duration is None else container.duration / av.time_base,
        )


def decode_reference(file: io.RawIOBase, resample: Resample | None = None) -> PCM:
    """Return the reference audio that an open file holds, as the upstream loader makes it.

    Mean of the channels, first 300 s, resampled to 44.1 kHz, divided by max(1, peak). What a
    truncated or partly corrupt file still holds is used; of several streams, the first with audio.

    Args:
        file: Read from where it stands.
        resample: None for what `load_resampler` returns.

    Raises:
        UndecodableAudio: It holds no usable audio.
        OSError: Reading the file failed.
    """
    with _opened(file) as container:
        audio = _read(container, resample)
    peak = max(float(audio.max()), -float(audio.min()))
    if not math.isfinite(peak):
        raise UndecodableAudio("it holds samples that are not finite numbers")
    if peak < MIN_PEAK:
        raise UndecodableAudio("no audible audio")
    if peak > 1:
        audio /= np.float32(peak)
    return audio


@contextlib.contextmanager
def _opened(file: io.RawIOBase) -> Iterator[InputContainer]:
    try:
        with av.open(
            file, "r", metadata_errors="replace", buffer_size=_READ_BYTES, options=_OPEN_OPTIONS
        ) as container:
            yield container
    except FFmpegError as error:
        raise UndecodableAudio("not an audio file that can be read") from error


def _audio_stream(container: InputContainer) -> AudioStream:
    if not container.streams.audio:
        raise UndecodableAudio("it holds no audio stream")
    return container.streams.audio[0]


def _read(container: InputContainer, resample: Resample | None) -> Mono:
    """Return the first audio stream's first 300 s, mixed and resampled, at least one sample."""
    runs = []
    # A stream may change its rate on the way: chained Ogg, or AAC that reveals SBR late.
    for rate_hz, blocks in groupby(_limited(_mono_blocks(container)), key=lambda block: block[0]):
        run = np.concatenate([mono for _, mono in blocks])
        if rate_hz != SAMPLE_RATE_HZ:
            run = (resample or load_resampler())(run, rate_hz)
        runs.append(run)
    # Copying 53 MB for nothing would cost as much as resampling it.
    audio = runs[0] if len(runs) == 1 else np.concatenate([*runs, np.empty(0, np.float32)])
    if not audio.size:
        raise UndecodableAudio("no audio in it could be decoded")
    return np.ascontiguousarray(audio[:MAX_SAMPLES])


def _limited(blocks: Iterator[tuple[int, Mono]]) -> Iterator[tuple[int, Mono]]:
    """Pass on `blocks` of (rate in Hz, samples) until they add up to 300 s, cut to fit."""
    left_s = float(MAX_SECONDS)
    for rate_hz, mono in blocks:
        max_samples = math.ceil(left_s * rate_hz)
        yield rate_hz, mono[:max_samples]
        left_s -= len(mono) / rate_hz
        if left_s <= 0:
            return


def _mono_blocks(container: InputContainer) -> Iterator[tuple[int, Mono]]:
    """Yield the first audio stream as large mono blocks, each with its rate in Hz."""
    for (rate_hz, num_channels, _), frames in groupby(_frames(container), key=_form):
        if not MIN_FILE_RATE_HZ <= rate_hz <= MAX_FILE_RATE_HZ:
            raise UndecodableAudio(
                f"its sample rate is {rate_hz} Hz ({MIN_FILE_RATE_HZ} to {MAX_FILE_RATE_HZ} work)"
            )
        # Frames are small (about 1000 samples): gathered, their cost in Python nearly vanishes.
        fifo = av.AudioFifo()
        for frame in frames:
            frame.pts = None  # gaps in time are closed
            fifo.write(frame)
            if fifo.samples * num_channels >= _BLOCK_VALUES:
                yield rate_hz, _mix(fifo)
        if fifo.samples:
            yield rate_hz, _mix(fifo)


def _frames(container: InputContainer) -> Iterator[AudioFrame]:
    """Yield the decoded frames of the first audio stream, passing over damaged packets."""
    packets = container.demux(_audio_stream(container))
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
    """What must stay the same for frames to be gathered: rate in Hz, channels, sample format."""
    return frame.sample_rate, frame.layout.nb_channels, frame.format.name


def _mix(fifo: av.AudioFifo) -> Mono:
    """Empty `fifo` and return the mean of its channels, full scale at 1."""
    frame = fifo.read()
    assert frame is not None, "an empty FIFO is never read"
    num_channels = frame.layout.nb_channels
    stored: NDArray[Any] = frame.to_ndarray()
    with np.errstate(over="ignore", invalid="ignore"):  # the caller refuses what is not finite
        values = stored.astype(np.float32, copy=False)
        if stored.dtype == np.uint8:
            values = values - np.float32(128)
        weights = np.full(num_channels, 1 / (num_channels * _full_scale(stored.dtype)), np.float32)
        # Planar: a row per channel. Packed: one row, channels taking turns. A product with the
        # weights mixes ten times as fast as mean().
        if frame.format.is_planar:
            return weights @ values
        return values.reshape(-1, num_channels) @ weights


def _full_scale(dtype: np.dtype[Any]) -> float:
    """Return the value that stands for 1.0 in samples of `dtype`."""
    return 2.0 ** (8 * dtype.itemsize - 1) if dtype.kind in "iu" else 1.0


@functools.cache
def load_resampler() -> Resample:
    """Return the function that takes mono audio and its rate in Hz to 44.1 kHz; loads it once.

    torchaudio's where it loads, because the upstream loader uses it; soxr's elsewhere.
    """
    if _torchaudio_loads():
        log.info("resampling with torchaudio")
        return resample_torchaudio
    log.info("resampling with soxr: torchaudio does not load beside this torch")
    return resample_soxr


def _torchaudio_loads() -> bool:
    try:
        if version("torch").endswith("+cpu"):  # the import would find out in 2 s and with 200 MB
            return False
        import torchaudio.functional  # noqa: F401 (only whether it loads)
    except (ImportError, OSError):
        return False
    return True


def resample_soxr(mono: Mono, rate_hz: int) -> Mono:
    """Resample to 44.1 kHz with soxr."""
    resampled: Mono = soxr.resample(mono, rate_hz, SAMPLE_RATE_HZ, quality="HQ")
    return resampled


def resample_torchaudio(mono: Mono, rate_hz: int) -> Mono:
    """Resample to 44.1 kHz with torchaudio."""
    common = math.gcd(rate_hz, SAMPLE_RATE_HZ)
    if (rate_hz // common) * (SAMPLE_RATE_HZ // common) > _MAX_KERNEL_VALUES:
        return resample_soxr(mono, rate_hz)  # 44 101 Hz would take a filter of gigabytes
    import torch
    import torchaudio.functional

    resampled: Mono = torchaudio.functional.resample(
        torch.from_numpy(mono), rate_hz, SAMPLE_RATE_HZ
    ).numpy()
    return resampled
