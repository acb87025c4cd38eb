import gc
import io
import struct
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from av.container import OutputContainer
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from speech.encoding import Encoder
from speech.errors import InvalidRequest
from speech.formats import FORMATS, Format
from speech.reference_audio import decode_reference

INPUT_RATE = 44100
UNKNOWN_LENGTH = 0xFFFFFFFF
OPUS_DECODER_RATE = 48000

ALL = pytest.mark.parametrize("row", FORMATS.values(), ids=FORMATS)
EXACT = pytest.mark.parametrize("name", ["opus", "flac", "wav", "pcm"])
EVERY_RATE = pytest.mark.parametrize(
    ("row", "rate"),
    [
        pytest.param(row, rate, id=f"{row.name}-{rate}")
        for row in FORMATS.values()
        for rate in row.sample_rates
    ],
)

Samples = NDArray[np.float32]


def tone(num_samples: int, frequency: float = 440.0) -> Samples:
    t = np.arange(num_samples) / INPUT_RATE
    return (0.5 * np.sin(2 * np.pi * frequency * t)).astype(np.float32)


def noise(num_samples: int) -> Samples:
    return np.random.default_rng(7).normal(0, 0.1, num_samples).astype(np.float32)


def whole(pcm: Samples, row: Format, rate: int | None = None) -> bytes:
    encoder = Encoder(row, INPUT_RATE, rate or row.default_sample_rate, whole=True)
    encoder.encode(pcm)
    return encoder.finish()


def streamed(pcm: Samples, row: Format, piece_sizes: list[int], rate: int | None = None) -> bytes:
    encoder = Encoder(row, INPUT_RATE, rate or row.default_sample_rate)
    pieces = [encoder.encode(piece) for piece in np.split(pcm, np.cumsum(piece_sizes))]
    return b"".join([*pieces, encoder.finish()])


def test_options_of_the_codec_reach_it():
    quick, thorough = (
        replace(FORMATS["mp3"], encoder_options={"compression_level": level}) for level in "72"
    )
    assert whole(noise(INPUT_RATE), quick) == whole(noise(INPUT_RATE), FORMATS["mp3"])
    assert whole(noise(INPUT_RATE), quick) != whole(noise(INPUT_RATE), thorough)


def decode(file: bytes, row: Format, rate: int | None = None) -> tuple[Samples, int]:
    """Return the samples a player would play, and their rate."""
    raw = row.name == "pcm"
    options = {"sample_rate": str(rate or row.default_sample_rate)} if raw else {}
    with av.open(io.BytesIO(file), format="s16le" if raw else None, options=options) as container:
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
        decoded_rate = container.streams.audio[0].rate
    samples = np.concatenate(frames)
    return samples / 32768 if samples.dtype == np.int16 else samples, decoded_rate


def coded_audio(file: bytes, row: Format) -> list[bytes]:
    if row.name == "pcm":
        return [file]
    with av.open(io.BytesIO(file)) as container:
        return [bytes(packet) for packet in container.demux(audio=0)]


def expected_length(num_samples: int, row: Format, rate: int) -> int:
    """Return how many samples the decoder owes: Opus always decodes at its own rate."""
    decoder_rate = OPUS_DECODER_RATE if row.name == "opus" else rate
    return int(num_samples * rate / INPUT_RATE + 0.5) * decoder_rate // rate


@EVERY_RATE
def test_every_sample_rate_keeps_length_pitch_and_level(row: Format, rate: int) -> None:
    pcm = tone(INPUT_RATE // 2)
    samples, decoded_rate = decode(whole(pcm, row, rate), row, rate)
    assert decoded_rate == (OPUS_DECODER_RATE if row.name == "opus" else rate)

    surplus = len(samples) - expected_length(len(pcm), row, rate)
    assert (0 <= surplus < 2700) if row.name in ("mp3", "aac") else surplus == 0

    middle = samples[len(samples) // 4 : 3 * len(samples) // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 8 * len(middle)))
    peak = np.argmax(spectrum) * decoded_rate / (8 * len(middle))
    assert peak == pytest.approx(440, abs=1)
    assert np.std(middle) == pytest.approx(0.5 / np.sqrt(2), rel=0.1)  # LAME turns down a little


@EXACT
@pytest.mark.parametrize("num_samples", [1, 2, 959, 1024, 4609, 20_001])
def test_exact_formats_stream_every_sample_and_no_more(name: str, num_samples: int) -> None:
    row = FORMATS[name]
    samples, _ = decode(streamed(noise(num_samples), row, [1000]), row)
    assert len(samples) == expected_length(num_samples, row, row.default_sample_rate)


@pytest.mark.parametrize("name", ["flac", "wav", "pcm"])
def test_lossless_formats_return_16_bit_audio_unchanged(name: str) -> None:
    row = FORMATS[name]
    pcm = np.arange(-32768, 32768, 5, dtype=np.float32) / 32768
    np.testing.assert_array_equal(decode(whole(pcm, row), row)[0], pcm)


def test_samples_are_rounded_and_clipped() -> None:
    pcm = np.float32([1.5, 1.0, -1.0, -7.0, 1.4 / 32768, 1.6 / 32768, -1.6 / 32768])
    file = whole(pcm, FORMATS["pcm"])
    assert struct.unpack("<7h", file) == (32767, 32767, -32768, -32768, 1, 2, -2)


@ALL
def test_loud_audio_is_clipped_not_wrapped(row: Format) -> None:
    samples, _ = decode(whole(8 * tone(20_000), row), row)
    assert np.std(samples[5000:15_000]) > 0.8


@ALL
def test_streamed_and_whole_files_hold_the_same_coded_audio(row: Format) -> None:
    pcm = noise(30_000)
    assert coded_audio(streamed(pcm, row, [10_000]), row) == coded_audio(whole(pcm, row), row)


@ALL
@pytest.mark.parametrize("num_samples", [1, 1000, 20_001])
def test_streamed_and_whole_files_decode_to_as_many_samples(row: Format, num_samples: int) -> None:
    pcm = noise(num_samples)
    files = streamed(pcm, row, [700]), whole(pcm, row)
    stream, file = (len(decode(audio, row)[0]) for audio in files)
    assert stream == file


@pytest.mark.parametrize("name", ["mp3", "aac"])
@pytest.mark.parametrize("num_samples", [1, 1000, 20_001])
def test_mp3_and_aac_streams_lose_nothing_and_add_little(name: str, num_samples: int) -> None:
    row = FORMATS[name]
    samples, rate = decode(streamed(noise(num_samples), row, [700]), row)
    assert 0 < len(samples) - num_samples < 0.06 * rate


def test_aac_of_speech_has_no_pops():
    with Path("voices/ada.ogg").open("rb", buffering=0) as file:
        speech = decode_reference(file)
    samples, _ = decode(whole(speech, FORMATS["aac"]), FORMATS["aac"])
    delay = 1024
    assert np.abs(samples[delay : delay + len(speech)] - speech).max() < 0.05


@ALL
@settings(deadline=None, max_examples=15)
@given(piece_sizes=st.lists(st.integers(0, 3000), max_size=6))
def test_pieces_of_any_size_give_the_same_bytes(row: Format, piece_sizes: list[int]) -> None:
    pcm = noise(6000)
    for rate in (row.default_sample_rate, 24000):  # with and without resampling
        assert streamed(pcm, row, piece_sizes, rate) == streamed(pcm, row, [], rate)


@ALL
def test_same_input_gives_the_same_bytes_from_any_thread(row: Format) -> None:
    pcm = noise(20_000)
    with ThreadPoolExecutor(3) as threads:
        files = set(threads.map(lambda _: whole(pcm, row), range(6)))
    assert files == {whole(pcm, row)}


@ALL
def test_stream_starts_before_the_input_ends(row: Format) -> None:
    encoder = Encoder(row, INPUT_RATE, row.default_sample_rate)
    begun = encoder.encode(noise(INPUT_RATE // 2))
    assert len(decode(begun, row)[0]) > 0.25 * row.default_sample_rate


@ALL
def test_nothing_of_a_whole_file_comes_before_its_end(row: Format) -> None:
    encoder = Encoder(row, INPUT_RATE, row.default_sample_rate, whole=True)
    assert encoder.encode(noise(INPUT_RATE)) == b""
    assert encoder.finish() == whole(noise(INPUT_RATE), row)


@ALL
def test_no_audio_gives_no_more_than_a_header(row: Format) -> None:
    for file in (whole(noise(0), row), streamed(noise(0), row, [])):
        assert len(file) < 500


@pytest.mark.slow
def test_five_minutes_are_encoded_to_the_last_sample() -> None:
    pcm = tone(300 * INPUT_RATE)
    assert soundfile.info(io.BytesIO(whole(pcm, FORMATS["flac"]))).frames == len(pcm)


def test_whole_wav_header_tells_sizes() -> None:
    file = whole(noise(1000), FORMATS["wav"])
    assert struct.unpack("<4sI4s4sIHHIIHH4sI", file[:44]) == (
        *(b"RIFF", 36 + 2000, b"WAVE"),
        *(b"fmt ", 16, 1, 1, INPUT_RATE, 2 * INPUT_RATE, 2, 16),
        *(b"data", 2000),
    )
    assert len(file) == 44 + 2000


def test_streamed_wav_header_leaves_sizes_open() -> None:
    file = streamed(noise(1000), FORMATS["wav"], [500])
    assert struct.unpack("<I", file[4:8]) == struct.unpack("<I", file[40:44]) == (UNKNOWN_LENGTH,)
    assert file[44:] == whole(noise(1000), FORMATS["wav"])[44:]
    assert len(soundfile.read(io.BytesIO(file))[0]) == 1000


def test_whole_flac_header_tells_length_and_checksum() -> None:
    file = whole(noise(12_345), FORMATS["flac"])
    assert soundfile.info(io.BytesIO(file)).frames == 12_345
    assert file[26:42] != bytes(16)  # MD5 of the audio, zero where unknown


@pytest.mark.parametrize("name", ["opus", "mp3", "aac"])
def test_bitrate_is_about_what_the_table_says(name: str) -> None:
    row = FORMATS[name]
    assert row.bitrate is not None
    for rate in (min(row.sample_rates), max(row.sample_rates)) if name != "opus" else (48000,):
        bits = 8 * len(whole(noise(2 * INPUT_RATE), row, rate))
        assert bits / 2 == pytest.approx(row.bitrate, rel=0.2)


def test_sample_rate_not_offered_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="opus has no 44100 Hz"):
        Encoder(FORMATS["opus"], INPUT_RATE, 44100)


def test_encoder_given_up_half_way_is_freed_at_once() -> None:
    def num_containers() -> int:
        return sum(type(thing) is OutputContainer for thing in gc.get_objects())

    before = num_containers()
    gc.disable()
    try:
        encoder = Encoder(FORMATS["opus"], INPUT_RATE, 48000)
        encoder.encode(noise(1000))
        assert num_containers() == before + 1
        del encoder
        assert num_containers() == before
    finally:
        gc.enable()
