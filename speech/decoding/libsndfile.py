"""Reading with libsndfile (the package soundfile): the PCM family, each sample exactly."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Generator, Iterator, Sequence

import soundfile

from speech.decoding.audio import (
    BLOCK_VALUES,
    NO_CODEC,
    NOT_AUDIO,
    Block,
    SeekableReader,
    Source,
    UnreadableAudio,
)

_MPEG = "MPEG_LAYER"  # of it libsndfile reads less than FFmpeg does, and prints to stderr


@contextlib.contextmanager
def open_with_libsndfile(file: SeekableReader) -> Iterator[_SoundFile]:
    """Open a file with libsndfile; see `speech.decoding.audio.Decoder`."""
    guarded = _Guarded(file)
    try:
        sound = soundfile.SoundFile(guarded)
    except soundfile.SoundFileError as error:
        guarded.raise_failure()
        raise UnreadableAudio(NOT_AUDIO) from error
    with sound:
        if sound.subtype.startswith(_MPEG):
            raise UnreadableAudio(NO_CODEC)
        yield _SoundFile(sound, guarded)
        guarded.raise_failure()


class _SoundFile:
    """A file that libsndfile has open; it has one track."""

    def __init__(self, sound: soundfile.SoundFile, guarded: _Guarded) -> None:
        self._sound = sound
        self._guarded = guarded

    @property
    def tracks(self) -> Sequence[Source]:
        """The one track."""
        sound = self._sound
        return [
            Source(
                codec=sound.subtype.lower(),
                sample_rate_hz=sound.samplerate,
                num_channels=sound.channels,
                duration_s=sound.frames / sound.samplerate if sound.samplerate else None,
            )
        ]

    def blocks(self, index: int) -> Generator[Block, None, None]:
        """Yield the samples; see `speech.decoding.audio.AudioFile`."""
        sound = self._sound
        block_samples = max(1, BLOCK_VALUES // sound.channels)
        # It breaks off where the file is damaged.
        with contextlib.suppress(soundfile.SoundFileError):
            while len(samples := sound.read(block_samples, dtype="float32", always_2d=True)):
                self._guarded.raise_failure()
                yield Block(sound.samplerate, samples)
        self._guarded.raise_failure()


class _Guarded:
    """A file whose errors are kept: libsndfile calls from C, through which none can be raised."""

    def __init__(self, file: SeekableReader) -> None:
        self._file = file
        self._failure: OSError | None = None

    def raise_failure(self) -> None:
        """Raise the error of the first reading that failed, if one did."""
        if self._failure is not None:
            raise self._failure

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes; none once reading has failed."""
        try:
            data: bytes = b"" if self._failure else self._file.read(size)
        except OSError as error:
            self._failure = error
            return b""
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move, or stay where that fails; return the position."""
        try:
            self._file.seek(offset, whence)
        except OSError as error:
            self._failure = error
        return self.tell()

    def tell(self) -> int:
        """Return the position."""
        return self._file.tell()
