import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.decoding.pcm_headers import wav_repairs
from speech.pcm import SAMPLE_RATE_HZ
from speech.reference_audio import decode_reference, describe_source
from speech.resampling import resample_soxr
from tests.speech.audio_files import encode, sine, wav

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
GUID_TAIL = bytes.fromhex("00001000800000aa00389b71")
W64_FILE_TAIL = bytes.fromhex("2e91cf11a5d628db04c10000")
W64_TAIL = bytes.fromhex("f3acd3118cd100c04f8edb8a")
SOX_TAIL = bytes.fromhex("000000001000800000aa00389b71")


def chunk(name, body, order="<"):
    return name + struct.pack(f"{order}I", len(body)) + body + b"\0" * (len(body) % 2)


def riff(format_chunk, data, order="<", before=b""):
    body = b"WAVE" + before + chunk(b"fmt ", format_chunk, order) + chunk(b"data", data, order)
    return (b"RIFX" if order == ">" else b"RIFF") + struct.pack(f"{order}I", len(body)) + body


def pcm_format(tag, channels, rate_hz, sample_bytes, bits, order="<", **wrong):
    frame_bytes = wrong.get("frame_bytes", channels * sample_bytes)
    bytes_per_s = wrong.get("bytes_per_s", rate_hz * channels * sample_bytes)
    fields = (tag, channels, rate_hz, bytes_per_s, frame_bytes)
    if tag != EXTENSIBLE:
        return struct.pack(f"{order}HHIIHH", *fields, bits)
    head = struct.pack(f"{order}HHIIHHHHI", *fields, 8 * sample_bytes, 22, bits, 0)
    guid = struct.pack(f"{order}I", PCM) + struct.pack(f"{order}HH", 0, 0x10) + GUID_TAIL[4:]
    return head + guid


def stored(values, sample_bytes, bits, order="<"):
    """Integers of `bits` bits, shape (samples, channels), left-aligned in `sample_bytes`."""
    left = np.asarray(values, np.int64) << (8 * sample_bytes - bits)
    if sample_bytes == 1:
        left = left + 128
    raw = left.astype(f"{order}i8").view(np.uint8).reshape(-1, 8)
    return (raw[:, -sample_bytes:] if order == ">" else raw[:, :sample_bytes]).tobytes()


def wave64(format_chunk, data):
    def chunk64(name, body):
        guid = name + (
            b"\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0" if name == b"riff" else W64_TAIL
        )
        return guid + struct.pack("<Q", 24 + len(body)) + body

    def padded(body):
        return body + bytes(-len(body) % 8)

    inside = b"wave" + W64_TAIL + padded(chunk64(b"junk", bytes(13)))
    inside += padded(chunk64(b"fmt ", format_chunk)) + chunk64(b"data", data)
    return chunk64(b"riff", inside)


def caf(channels, sample_bytes, bits, data, flags=0):
    fields = (0, sample_bytes * channels, 1, channels, bits)
    layout = struct.pack(">d4s5I", SAMPLE_RATE_HZ, b"lpcm", *fields)
    head = b"caff\0\1\0\0" + b"desc" + struct.pack(">q", 32) + layout
    return head + b"data" + struct.pack(">q", 4 + len(data)) + bytes(4) + data


def aiff(channels, sample_bytes, bits, data):
    num_samples = len(data) // (channels * sample_bytes)
    rate = struct.pack(">HQ", 16383 + 15, SAMPLE_RATE_HZ << 48)
    common = struct.pack(">HIH", channels, num_samples, bits) + rate
    body = b"AIFF" + chunk(b"COMM", common, ">") + chunk(b"SSND", bytes(8) + data, ">")
    return b"FORM" + struct.pack(">I", len(body)) + body


def signed(values, sample_bytes, bits):
    """As `stored`, big-endian, and signed where a sample is one byte."""
    data = stored(values, sample_bytes, bits, ">")
    return data if sample_bytes > 1 else bytes(byte ^ 0x80 for byte in data)


def noise(num_samples, channels, bits):
    top = 1 << (bits - 1)
    return np.random.default_rng(bits).integers(-top, top, (num_samples, channels))


def decode(data):
    return decode_reference(io.BytesIO(data), resample_soxr)


@st.composite
def layouts(draw):
    """Return the form of a PCM file: bytes of a sample, used bits, channels, rate, byte order."""
    sample_bytes = draw(st.integers(1, 4))
    bits = draw(st.integers(2, 8 * sample_bytes))
    channels = draw(st.integers(1, 8))
    return (
        sample_bytes,
        bits,
        channels,
        draw(st.integers(4_000, 192_000)),
        draw(st.sampled_from("<>")),
    )


@given(layouts(), st.sampled_from([PCM, EXTENSIBLE]))
def test_any_valid_bits_decode_to_the_exact_samples(layout, tag):
    sample_bytes, bits, channels, rate_hz, order = layout
    values = noise(300, channels, bits)
    header = pcm_format(tag, channels, rate_hz, sample_bytes, bits, order)
    data = riff(header, stored(values, sample_bytes, bits, order), order)
    expected = (values / 2.0 ** (bits - 1)).astype(np.float32).mean(axis=1, dtype=np.float64)
    kept = []
    decode_reference(io.BytesIO(data), lambda mono, rate: kept.append((mono, rate)) or mono)
    mono, rate = kept[0] if kept else (decode(data), SAMPLE_RATE_HZ)
    assert rate == rate_hz
    assert len(mono) == len(values)
    np.testing.assert_allclose(mono, expected, rtol=0, atol=2e-7)


@pytest.mark.parametrize(("sample_bytes", "bits"), [(3, 16), (4, 16), (4, 20), (4, 24)])
@pytest.mark.parametrize("order", ["<", ">"], ids=["RIFF", "RIFX"])
def test_fewer_valid_bits_are_exact_in_mono(sample_bytes, bits, order):
    values = noise(5000, 1, bits)
    header = pcm_format(EXTENSIBLE, 1, SAMPLE_RATE_HZ, sample_bytes, bits, order)
    audio = decode(riff(header, stored(values, sample_bytes, bits, order), order))
    np.testing.assert_array_equal(audio, values[:, 0].astype(np.float32) / 2 ** (bits - 1))


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("bits", range(2, 33))
@pytest.mark.parametrize("container", ["wave64", "caf", "aiff"])
def test_other_containers_of_fewer_bits_are_exact(container, bits, channels):
    values = noise(300, channels, bits)
    expected = (values / 2.0 ** (bits - 1)).mean(axis=1)
    smallest = -(-bits // 8)
    sizes = range(smallest, 5) if container != "aiff" else [smallest]
    for sample_bytes in sizes:
        if container == "wave64":
            header = pcm_format(EXTENSIBLE, channels, SAMPLE_RATE_HZ, sample_bytes, bits)
            data = wave64(header, stored(values, sample_bytes, bits))
        else:
            make = caf if container == "caf" else aiff
            data = make(channels, sample_bytes, bits, signed(values, sample_bytes, bits))
        np.testing.assert_allclose(decode(data), expected, rtol=0, atol=2e-7)


def test_rifx_of_sox_with_half_turned_guid_is_read():
    values = noise(1000, 2, 24)
    header = pcm_format(EXTENSIBLE, 2, SAMPLE_RATE_HZ, 3, 24, ">")
    header = header[:24] + b"\0\1" + SOX_TAIL
    audio = decode(riff(header, stored(values, 3, 24, ">"), ">"))
    np.testing.assert_allclose(audio, values.mean(axis=1) / 2**23, atol=1e-7)


def test_rifx_holds_floats_too():
    samples = sine(rate_hz=SAMPLE_RATE_HZ)[0]
    header = struct.pack(">HHIIHH", FLOAT, 1, SAMPLE_RATE_HZ, 4 * SAMPLE_RATE_HZ, 4, 32)
    np.testing.assert_array_equal(
        decode(riff(header, samples.astype(">f4").tobytes(), ">")), samples
    )


@pytest.mark.parametrize("wrong", [{"frame_bytes": 1}, {"frame_bytes": 0}, {"bytes_per_s": 1}])
def test_one_wrong_field_does_not_turn_samples_into_noise(wrong):
    values = noise(1000, 2, 16)
    header = pcm_format(PCM, 2, SAMPLE_RATE_HZ, 2, 16, **wrong)
    audio = decode(riff(header, stored(values, 2, 16)))
    np.testing.assert_allclose(audio, values.mean(axis=1) / 2**15, atol=1e-7)


def test_format_is_found_behind_other_chunks():
    values = noise(1000, 1, 20)
    header = pcm_format(EXTENSIBLE, 1, SAMPLE_RATE_HZ, 4, 20)
    before = chunk(b"JUNK", bytes(28)) + chunk(b"bext", bytes(603))
    audio = decode(riff(header, stored(values, 4, 20), before=before))
    np.testing.assert_array_equal(audio, values[:, 0].astype(np.float32) / 2**19)


@pytest.mark.parametrize("magic", [b"RF64", b"BW64"])
def test_rf64_that_was_streamed_is_read_to_its_end(magic):
    values = noise(3000, 1, 16)
    file = riff(pcm_format(PCM, 1, SAMPLE_RATE_HZ, 2, 16), stored(values, 2, 16))
    layout, data = file[12:].split(b"data", 1)
    lengths = chunk(b"ds64", bytes(28))  # as FFmpeg writes it into a pipe
    unknown = b"\xff" * 4
    streamed = magic + unknown + b"WAVE" + lengths + layout + b"data" + unknown + data[4:]
    np.testing.assert_array_equal(decode(streamed), values[:, 0].astype(np.float32) / 2**15)


def test_ordinary_headers_stay_as_they_are():
    for data in (wav([1, 2, 3]), encode("wav", "pcm_f32le", sine(0.1)), b"RIFF", b""):
        file = io.BytesIO(data)
        for at, patch in wav_repairs(file).items():
            assert data[at : at + len(patch)] == patch


def test_described_bits_are_those_of_the_container():
    header = pcm_format(EXTENSIBLE, 1, 48_000, 4, 24)
    source = describe_source(io.BytesIO(riff(header, stored(noise(480, 1, 24), 4, 24))))
    assert (source.codec, source.sample_rate_hz, source.duration_s) == ("pcm_32", 48_000, 0.01)
