"""The way from an open audio file to reference audio: mono, 44.1 kHz, at most 300 s, |x| <= 1.

Files are read block by block and no further than 300 s, so a three-hour file costs no more than a
five-minute one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from speech.decoding.audio import (
    NOT_AUDIO,
    AudioFile,
    Block,
    Decoder,
    SeekableReader,
    Source,
    UndecodableAudio,
    UnreadableAudio,
)
from speech.decoding.content import view_content
from speech.leading_silence import find_start
from speech.mixing import mix
from speech.pcm import MIN_PEAK, PCM, SAMPLE_RATE_HZ
from speech.resampling import Mono, Resample, load_resampler

MAX_SECONDS = 300
MAX_SAMPLES = MAX_SECONDS * SAMPLE_RATE_HZ

MIN_FILE_RATE_HZ = 4_000
MAX_FILE_RATE_HZ = 192_000
"""Outside these no recording of a voice is plausible and 300 s would take too much memory."""

_MAX_TRACKS = 16

T = TypeVar("T")
_Open = Callable[[], AbstractContextManager[AudioFile]]


@dataclass(frozen=True)
class Reference:
    """Reference audio and the way it was made.

    Attributes:
        source: The track that was read.
        num_runs: The number of parts that differ in rate or channels and were joined.
        channel: The one channel that was taken, counted from 0, where the mean of all would have
            cancelled them; else None.
        skipped_s: The length of the silence left out at the start.
    """

    pcm: PCM
    source: Source
    num_runs: int
    channel: int | None
    skipped_s: float


def describe_source(file: SeekableReader) -> Source:
    """Return the description of the first track of an open file, without decoding it.

    Raises:
        UndecodableAudio: It holds no audio that can be decoded.
        OSError: Reading the file failed.
    """
    return _first_readable(file, _describe)


def read_reference(file: SeekableReader, resample: Resample | None = None) -> Reference:
    """Return the reference audio in an open file.

    As with the upstream loader it is the mean of the channels, the first 300 s, resampled to
    44.1 kHz and divided by max(1, peak). Unlike there, one channel is taken if the mean would
    cancel them (see `mixing`), and a long silence at the start is left out (see
    `leading_silence`). Of several tracks, the first audible one is used, of a damaged file the
    undamaged parts.

    Args:
        file: Seekable; read from where it stands.
        resample: The resampler, None for that of `load_resampler`.

    Raises:
        UndecodableAudio: It holds no usable audio.
        OSError: Reading the file failed.
    """
    return _first_readable(file, lambda opened: _first_audible(opened, resample))


def decode_reference(file: SeekableReader, resample: Resample | None = None) -> PCM:
    """Return the samples of `read_reference`."""
    return read_reference(file, resample).pcm


def _first_readable(file: SeekableReader, read: Callable[[_Open], T]) -> T:
    """Return the result of `read` with the first decoder that can read the file."""
    content, view = view_content(file)
    refusals = []
    for decoder in content.decoders:
        try:
            return read(partial(_opened, decoder, view))
        except UnreadableAudio as error:
            refusals.append(error)
    raise next((error for error in refusals if str(error) != NOT_AUDIO), refusals[0])


def _opened(
    decoder: Decoder, view: Callable[[], SeekableReader]
) -> AbstractContextManager[AudioFile]:
    return decoder(view())


def _describe(open_audio: _Open) -> Source:
    with open_audio() as audio:
        return audio.tracks[0]


def _first_audible(open_audio: _Open, resample: Resample | None) -> Reference:
    """Return the first usable track; if there is none, raise the error of the first track."""
    refusals: list[UndecodableAudio] = []
    index, num_tracks = 0, 1
    while index < num_tracks:
        with open_audio() as audio:
            num_tracks = min(len(audio.tracks), _MAX_TRACKS)
            try:
                return _read_track(audio, index, open_audio, resample)
            except UndecodableAudio as error:
                refusals.append(error)
        index += 1
    raise refusals[0]


def _read_track(
    audio: AudioFile, index: int, open_audio: _Open, resample: Resample | None
) -> Reference:
    mono, loudest = _mono(audio, index, [], resample)
    if any(channel is not None for channel in loudest):
        with open_audio() as again:
            mono, _ = _mono(again, index, loudest, resample)
    highest, lowest = float(mono.max()), float(mono.min())
    peak = max(highest, -lowest)
    if not math.isfinite(peak):
        raise UndecodableAudio("it holds samples that are not finite numbers")
    offset = float(mono.mean(dtype=np.float64))  # as sound cards add: it is not heard
    if max(highest - offset, offset - lowest) < MIN_PEAK:
        raise UndecodableAudio("no audible audio")
    if peak > 1:
        mono /= np.float32(peak)
    start = find_start(mono)
    return Reference(
        mono[start:],
        source=audio.tracks[index],
        num_runs=len(loudest),
        channel=next((channel for channel in loudest if channel is not None), None),
        skipped_s=start / SAMPLE_RATE_HZ,
    )


def _mono(
    audio: AudioFile, index: int, channels: Sequence[int | None], resample: Resample | None
) -> tuple[Mono, list[int | None]]:
    """Return a track's first 300 s, mixed and resampled, at least one sample.

    Also returns, for each run, the channel to take where all cancel each other.
    """
    pieces, loudest = [], []
    with closing(audio.blocks(index)) as blocks:
        # A track may change its rate on the way: chained Ogg, or AAC that reveals SBR late.
        for run in mix(_limited(blocks), channels):
            if run.rate_hz == SAMPLE_RATE_HZ:
                pieces.append(run.mono)
            else:
                pieces.append((resample or load_resampler())(run.mono, run.rate_hz))
            loudest.append(run.loudest)
    # Copying 53 MB for nothing would cost as much as resampling it.
    mono = pieces[0] if len(pieces) == 1 else np.concatenate([*pieces, np.empty(0, np.float32)])
    if not mono.size:
        raise UnreadableAudio("no audio in it could be decoded")
    return np.ascontiguousarray(mono[:MAX_SAMPLES]), loudest


def _limited(blocks: Iterable[Block]) -> Iterator[Block]:
    """Pass on blocks of a usable rate until they add up to 300 s, cut to fit."""
    left_s = float(MAX_SECONDS)
    for block in blocks:
        rate_hz = block.rate_hz
        if not MIN_FILE_RATE_HZ <= rate_hz <= MAX_FILE_RATE_HZ:
            raise UndecodableAudio(
                f"its sample rate is {rate_hz} Hz ({MIN_FILE_RATE_HZ} to {MAX_FILE_RATE_HZ} work)"
            )
        yield Block(rate_hz, block.samples[: math.ceil(left_s * rate_hz)])
        left_s -= len(block.samples) / rate_hz
        if left_s <= 0:
            return
