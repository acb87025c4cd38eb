"""Ogg files: a chain of links, each of which is a file of its own.

Radio recordings and joined files are chained. FFmpeg stops at a link of another form than the
first (codec, rate, channels), so it is given one link at a time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace

from speech.decoding.audio import AudioFile, Block, SeekableReader, Source, UnreadableAudio
from speech.decoding.ffmpeg import open_with_ffmpeg
from speech.decoding.ogg_pages import Pages, find_last_position, without_pictures

_MAX_LINKS = 1000
_OPUS_RATE_HZ = 48_000


@contextlib.contextmanager
def open_ogg(file: SeekableReader) -> Iterator[_Chain]:
    """Open an Ogg file; see `speech.decoding.audio.Decoder`."""
    last_position = find_last_position(file)
    pages = Pages(file)
    link = _Link(pages)
    with open_with_ffmpeg(link) as first:
        yield _Chain(pages, link, first, last_position)


class _Chain:
    """The links of an Ogg file; the tracks are those of the first link."""

    def __init__(
        self, pages: Pages, link: _Link, first: AudioFile, last_position: int | None
    ) -> None:
        self._pages = pages
        self._link = link
        self._first = first
        self._last_position = last_position

    @property
    def tracks(self) -> Sequence[Source]:
        """The audio tracks of the first link."""
        return [
            replace(source, duration_s=self._duration_s(source)) for source in self._first.tracks
        ]

    def blocks(self, index: int) -> Generator[Block, None, None]:
        """Yield the samples of a track of every link; see `speech.decoding.audio.AudioFile`."""
        yield from self._first.blocks(index)
        self._link.skip()
        for _ in range(_MAX_LINKS):
            if self._pages.are_over():
                return
            link = _Link(self._pages)
            with contextlib.suppress(UnreadableAudio), open_with_ffmpeg(link) as audio:
                yield from audio.blocks(min(index, len(audio.tracks) - 1))
            link.skip()

    def _duration_s(self, source: Source) -> float | None:
        if self._last_position is None:
            return None
        return self._last_position / (
            _OPUS_RATE_HZ if source.codec == "opus" else source.sample_rate_hz
        )


class _Link:
    """The bytes of one link: from the pages that begin its streams up to those of the next link."""

    def __init__(self, pages: Pages) -> None:
        self._pages = without_pictures(_link_pages(pages))
        self._unread = bytearray()

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes, none at the link's end."""
        while len(self._unread) < size:
            page = next(self._pages, None)
            if page is None:
                break
            self._unread += page
        data = bytes(self._unread[:size])
        del self._unread[:size]
        return data

    def skip(self) -> None:
        """Leave out what was not read."""
        for _ in self._pages:
            pass


def _link_pages(pages: Pages) -> Iterator[bytes]:
    """Yield the pages of the link that begins with the next one."""
    has_begun = False
    while not pages.are_over():
        begins_stream = pages.next_begins_stream()
        if begins_stream and has_begun:
            return
        has_begun = has_begun or not begins_stream
        yield pages.take()
