import io
import struct

import av
import numpy as np
import pytest
import soundfile

from speech.decoding.audio import UndecodableAudio
from speech.decoding.content import view_content
from speech.decoding.ffmpeg import open_with_ffmpeg
from speech.pcm import SAMPLE_RATE_HZ
from speech.reference_audio import decode_reference, describe_source
from tests.speech.audio_files import encode, sine

NOISE = np.random.default_rng(0).integers(-(2**15), 2**15, 5000).astype(np.int16)

# What libsndfile writes of the PCM family: container, coding, byte order
PCM_FAMILY = [
    (container, subtype, endian)
    for container in ("WAV", "WAVEX", "RF64", "W64", "AIFF", "CAF", "AU")
    for subtype in ("PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")
    for endian in ("FILE", "BIG", "LITTLE")
    if soundfile.check_format(container, subtype, endian)
]


def name_of(data):
    return view_content(io.BytesIO(data))[0].name


@pytest.mark.parametrize(("container", "subtype", "endian"), PCM_FAMILY)
def test_pcm_family_is_read_to_the_sample(container, subtype, endian):
    file = io.BytesIO()
    samples = NOISE if subtype.startswith("PCM") else NOISE / 2**15
    soundfile.write(file, samples, SAMPLE_RATE_HZ, subtype, endian, container)
    audio = decode_reference(io.BytesIO(file.getvalue()))
    np.testing.assert_array_equal(audio, NOISE.astype(np.float32) / 2**15)


@pytest.mark.parametrize("container", ["WAV", "RF64", "W64", "AIFF", "CAF", "AU"])
@pytest.mark.parametrize("subtype", ["ULAW", "ALAW", "PCM_U8", "PCM_S8"])
def test_coarse_codings_are_read_nearly(container, subtype):
    if not soundfile.check_format(container, subtype):
        pytest.skip(f"no {subtype} in {container}")
    file = io.BytesIO()
    soundfile.write(file, 0.5 * NOISE / 2**15, SAMPLE_RATE_HZ, subtype, format=container)
    audio = decode_reference(io.BytesIO(file.getvalue()))
    np.testing.assert_allclose(audio, 0.5 * NOISE / 2**15, atol=0.02)


@pytest.mark.parametrize(
    ("container", "codec", "name"),
    [
        ("wav", "pcm_s16le", "WAV"),
        ("w64", "pcm_s16le", "Wave64"),
        ("aiff", "pcm_s16be", "AIFF"),
        ("caf", "pcm_s16le", "CAF"),
        ("au", "pcm_s16be", "AU"),
        ("flac", "flac", "FLAC"),
        ("ogg", "libopus", "Ogg"),
        ("ipod", "aac", "MP4"),
        ("mp3", "libmp3lame", "MP3, AAC"),
        ("adts", "aac", "MP3, AAC"),
        ("webm", "libopus", "Matroska"),
    ],
)
def test_content_is_told_by_its_first_bytes(container, codec, name):
    assert name_of(encode(container, codec, sine(0.2))) == name


@pytest.mark.parametrize("channels", [1, 2])
def test_integers_of_64_bits_are_read_by_ffmpeg(channels):
    stored = np.stack([NOISE.astype(np.int64) << 48] * channels, axis=1)
    fields = (1, channels, SAMPLE_RATE_HZ, 8 * channels * SAMPLE_RATE_HZ, 8 * channels, 64)
    header = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 0, b"WAVE", b"fmt ", 16, *fields)
    data = header + struct.pack("<4sI", b"data", stored.nbytes) + stored.tobytes()
    audio = decode_reference(io.BytesIO(data))
    np.testing.assert_array_equal(audio, NOISE.astype(np.float32) / 2**15)


def test_what_libsndfile_cannot_read_falls_to_ffmpeg():
    tone = sine(1.0, SAMPLE_RATE_HZ)
    for container, codec in (("wav", "libmp3lame"), ("caf", "alac")):
        data = encode(container, codec, tone, SAMPLE_RATE_HZ)
        assert len(decode_reference(io.BytesIO(data))) == pytest.approx(SAMPLE_RATE_HZ, rel=0.06)


def test_truncated_caf_falls_to_ffmpeg():
    data = encode("caf", "pcm_s16le", sine(1.0, SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)
    audio = decode_reference(io.BytesIO(data[: len(data) // 2]))
    assert len(audio) == pytest.approx(SAMPLE_RATE_HZ / 2, rel=0.1)


def test_rifx_never_falls_to_ffmpeg_which_reads_noise():
    file = io.BytesIO()
    soundfile.write(file, NOISE, SAMPLE_RATE_HZ, "PCM_16", "BIG", "WAV")
    content, _ = view_content(io.BytesIO(file.getvalue()))
    assert content.name == "RIFX"
    assert open_with_ffmpeg not in content.decoders
    with pytest.raises(UndecodableAudio):
        decode_reference(io.BytesIO(file.getvalue()[:20]))


UNKNOWN_CODEC = {
    "wav": encode("wav", "pcm_s16le", sine(0.2)).replace(
        b"fmt \x10\0\0\0\1\0", b"fmt \x10\0\0\0\x34\x12"
    ),
    "m4a": encode("ipod", "alac", sine(0.2)).replace(b"alac", b"apac"),
    "webm": encode("webm", "libopus", sine(0.2)).replace(b"A_OPUS", b"A_OPUZ"),
}


@pytest.mark.parametrize("data", UNKNOWN_CODEC.values(), ids=UNKNOWN_CODEC)
def test_codec_without_decoder_is_refused_as_such(data):
    for read in (decode_reference, describe_source):
        with pytest.raises(UndecodableAudio, match="its codec cannot be decoded"):
            read(io.BytesIO(data))


def test_file_is_read_from_where_it_stands():
    data = encode("wav", "pcm_s16le", sine(0.2, SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)
    for container, codec in (("wav", "pcm_s16le"), ("flac", "flac"), ("ogg", "flac")):
        data = encode(container, codec, sine(0.2, SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)
        file = io.BytesIO(b"something else" + data)
        file.seek(14)
        np.testing.assert_array_equal(decode_reference(file), decode_reference(io.BytesIO(data)))


def test_libraries_stay_silent(capfd):
    data = encode("wav", "libmp3lame", sine(1.0))
    decode_reference(io.BytesIO(data[: len(data) // 2] + bytes(3000)))
    assert capfd.readouterr().err == ""
    assert av.logging.get_level() is None
