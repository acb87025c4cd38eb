"""The interface of a decoder: from an open file to its tracks, and from a track to its samples."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

BLOCK_VALUES = 2**18
"""The most samples times channels in a block, which bounds a decoder's memory."""

NOT_AUDIO = "not an audio file that can be read"
NO_CODEC = "its codec cannot be decoded"
"""The reasons of a decoder that knows no such file, or none of the codecs in it."""


class UndecodableAudio(Exception):
    """The file holds no usable audio; the message gives the reason without any path."""


class UnreadableAudio(UndecodableAudio):
    """One decoder gets no samples out of the file; another one may."""


@dataclass(frozen=True)
class Source:
    """A track of a file, as its headers describe it.

    Attributes:
        codec: The coding, by the decoder's name.
        duration_s: The length, None where the headers do not tell; an estimate for raw AAC and MP3.
        track: The number of the track among all audio tracks of the file, counted from 0.
    """

    codec: str
    sample_rate_hz: int
    num_channels: int
    duration_s: float | None
    track: int = 0


@dataclass(frozen=True)
class Block:
    """Consecutive samples of a track.

    Attributes:
        samples: Full scale is 1; shape (num_samples, num_channels).
    """

    rate_hz: int
    samples: NDArray[np.float32]


class Reader(Protocol):
    """A binary file that is read from its start to its end."""

    def read(self, size: int, /) -> Any:
        """Return at most `size` bytes, none at the end."""


class SeekableReader(Reader, Protocol):
    """A binary file that can be read from anywhere."""

    def seek(self, offset: int, whence: int = 0, /) -> Any:
        """Move to `offset`."""

    def tell(self) -> int:
        """Return the position."""


class AudioFile(Protocol):
    """An open audio file."""

    @property
    def tracks(self) -> Sequence[Source]:
        """The audio tracks that can be decoded, at least one."""

    def blocks(self, index: int) -> Generator[Block, None, None]:
        """Yield the samples of `tracks[index]`; may be called once.

        The rate and the number of channels may change on the way. Damaged parts are left out.
        """


class Decoder(Protocol):
    """Opens a file with one library."""

    def __call__(self, file: SeekableReader, /) -> AbstractContextManager[AudioFile]:
        """Open the audio that begins where `file` stands.

        Raises:
            UnreadableAudio: The library reads no such file.
            OSError: Reading the file failed, now or in `blocks`.
        """
