"""The length of encoded audio that arrives in packets: estimated on the way, exact at the end."""

from __future__ import annotations

import io

import av
from av.error import FFmpegError

from speech.formats import Format

_SAMPLE_BYTES = 2  # of every format here that is not compressed
_WAV_HEADER_BYTES = 44
_FLAC_SHARE = 0.5  # of the uncompressed size, for speech


class AudioLength:
    """Counts one file of mono audio in one of our output formats.

    Compressed audio does not tell its length by its size: it is kept until its packets are counted.
    """

    def __init__(self, output: Format, sample_rate: int) -> None:
        self._output = output
        self._sample_rate = sample_rate
        self._num_bytes = 0
        self._is_counted_by_size = output.encoder == "pcm_s16le"
        self._kept = io.BytesIO()

    def feed(self, packet: bytes) -> None:
        """Take the file's next bytes."""
        self._num_bytes += len(packet)
        if not self._is_counted_by_size:
            self._kept.write(packet)

    @property
    def about_s(self) -> float:
        """Length so far, by the format's nominal bitrate; exact if it is uncompressed."""
        header_bytes = _WAV_HEADER_BYTES if self._output.name == "wav" else 0
        uncompressed = 8 * _SAMPLE_BYTES * self._sample_rate
        share = _FLAC_SHARE if self._output.name == "flac" else 1
        bitrate = self._output.bitrate or share * uncompressed
        return 8 * max(0, self._num_bytes - header_bytes) / bitrate

    def total_s(self) -> float:
        """Return the length of the whole file; MP3 and AAC count the silence they add at both ends.

        Raises:
            ValueError: The bytes are no file of this format.
        """
        if self._is_counted_by_size:
            return self.about_s
        self._kept.seek(0)
        demuxer = {"adts": "aac"}.get(self._output.muxer, self._output.muxer)
        try:
            with av.open(self._kept, "r", format=demuxer) as container:
                stream = container.streams.audio[0]
                # Times begin before 0 by what Opus codes in front of the audio and players skip.
                end = max(
                    (packet.pts or 0) + (packet.duration or 0) for packet in container.demux(stream)
                )
                total_s = float(end * (stream.time_base or 0))
        except (FFmpegError, IndexError):
            total_s = 0.0
        if not total_s:
            raise ValueError(f"no {self._output.name} file")
        return total_s
