"""The table of output formats: a row has everything that names, labels or encodes its format.

It imports no codec library, so that request models and routes can read it at no cost;
`speech.encoding` turns a row into an encoder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from speech.errors import InvalidRequest, shorten

FormatName = Literal["opus", "mp3", "aac", "flac", "wav", "pcm"]

DEFAULT_FORMAT: FormatName = "opus"

_RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)

# Below 16 kHz MP3 and AAC have no frame large enough for the bitrates of this table.
_CODED_RATES_HZ = tuple(rate for rate in _RATES_HZ if rate >= 16000)

_OPUS_RATES_HZ = (8000, 12000, 16000, 24000, 48000)


@dataclass(frozen=True)
class Format:
    """One output format, always mono.

    Attributes:
        name: The name in requests.
        extension: The file name's extension, without the dot.
        media_type: The value of `Content-Type`.
        codec: The name in a result's metadata.
        bitrate: The bits per second, at every rate in `sample_rates`; None if it is lossless.
        sample_rates: The rates in Hz that a request may ask for.
        default_sample_rate: The rate in Hz if the request names none.
        muxer: The container, by FFmpeg's name.
        encoder: The codec, by FFmpeg's name.
        sample_format: The samples that the encoder takes, by FFmpeg's name.
        muxer_options: FFmpeg's options for the container.
        encoder_options: FFmpeg's options for the codec.
        peak_db: The true peak, in dB of full scale, that speech of a loudness that was asked for
            may have before it is encoded: at most -1 once it is decoded (decision 0026).
        encoder_gain_db: The gain of the encoder itself.
    """

    name: FormatName
    extension: str
    media_type: str
    codec: str
    bitrate: int | None
    sample_rates: tuple[int, ...]
    default_sample_rate: int
    muxer: str
    encoder: Literal["libopus", "libmp3lame", "aac", "flac", "pcm_s16le"]
    sample_format: Literal["s16", "flt", "fltp"]
    muxer_options: Mapping[str, str] = field(default_factory=dict)
    encoder_options: Mapping[str, str] = field(default_factory=dict)
    peak_db: float = -1.0
    encoder_gain_db: float = 0.0


_ROWS = (
    Format(
        name="opus",
        extension="ogg",
        media_type="audio/ogg",
        codec="opus",
        bitrate=64_000,
        sample_rates=_OPUS_RATES_HZ,
        default_sample_rate=48000,
        muxer="ogg",
        encoder="libopus",
        sample_format="flt",
        # Microseconds of audio per Ogg page: what a listener waits for. FFmpeg's own is 1 s.
        muxer_options={"page_duration": "100000"},
        peak_db=-2.5,
    ),
    Format(
        name="mp3",
        extension="mp3",
        media_type="audio/mpeg",
        codec="mp3",
        bitrate=128_000,
        sample_rates=_CODED_RATES_HZ,
        default_sample_rate=44100,
        muxer="mp3",
        encoder="libmp3lame",
        sample_format="fltp",
        # No empty tag in front of the audio; and no Xing frame: a stream cannot have one, and it
        # would make a whole file some 50 ms shorter than the same audio streamed.
        muxer_options={"id3v2_version": "0", "write_xing": "0"},
        # LAME without noise shaping, which has nothing to gain on speech at this bitrate and costs
        # two fifths more (bench/encoding.py).
        encoder_options={"compression_level": "7"},
        encoder_gain_db=-0.45,  # LAME's own scale, 0.95
    ),
    Format(
        name="aac",
        extension="aac",
        media_type="audio/aac",
        codec="aac",
        # With more, FFmpeg pops now and then, mostly at 22 to 32 kHz, where it has bits to spare.
        bitrate=80_000,
        sample_rates=_CODED_RATES_HZ,
        default_sample_rate=44100,
        muxer="adts",
        encoder="aac",
        sample_format="fltp",
        # Its own choice, "twoloop", pops far more often, has more noise in it and costs four times
        # as much (bench/encoding.py).
        encoder_options={"aac_coder": "fast"},
        peak_db=-1.5,
    ),
    Format(
        name="flac",
        extension="flac",
        media_type="audio/flac",
        codec="flac",
        bitrate=None,
        sample_rates=_RATES_HZ,
        default_sample_rate=44100,
        muxer="flac",
        encoder="flac",
        sample_format="s16",
        muxer_options={"metadata_header_padding": "0"},  # FFmpeg's own is 8 KiB of zeros
    ),
    Format(
        name="wav",
        extension="wav",
        media_type="audio/wav",
        codec="pcm_s16le",
        bitrate=None,
        sample_rates=_RATES_HZ,
        default_sample_rate=44100,
        muxer="wav",
        encoder="pcm_s16le",
        sample_format="s16",
    ),
    Format(
        name="pcm",
        extension="pcm",
        media_type="audio/pcm",
        codec="pcm_s16le",
        bitrate=None,
        sample_rates=_RATES_HZ,
        default_sample_rate=44100,
        muxer="s16le",
        encoder="pcm_s16le",
        sample_format="s16",
    ),
)

FORMATS: Mapping[FormatName, Format] = MappingProxyType({row.name: row for row in _ROWS})
"""All output formats by name."""


def check_sample_rate(output: Format, sample_rate: int) -> int:
    """Return `sample_rate` if `output` offers it.

    Raises:
        InvalidRequest: The format has no such rate; the message names those it has.
    """
    if sample_rate not in output.sample_rates:
        offered = ", ".join(map(str, output.sample_rates))
        raise InvalidRequest(
            f"Invalid 'sample_rate': {output.name} has no {shorten(str(sample_rate), 20)} Hz "
            f"(use {offered})",
            "sample_rate",
        )
    return sample_rate
