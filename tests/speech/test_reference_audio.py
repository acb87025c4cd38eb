import contextlib
import io
import logging
import struct
import threading
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from speech import resampling
from speech.decoding.audio import UndecodableAudio
from speech.pcm import MIN_PEAK, SAMPLE_RATE_HZ
from speech.reference_audio import (
    MAX_SAMPLES,
    decode_reference,
    describe_source,
    read_reference,
)
from speech.resampling import load_resampler, resample_soxr, resample_torchaudio
from tests.speech.audio_files import (
    CountingFile,
    Samples,
    add_film,
    add_track,
    encode,
    fill,
    float_wav,
    pitch_hz,
    seconds,
    sine,
    two_tracks,
    wav,
)

# container, codec: everything a voice's extension may stand for, and what turns up under it
ENCODINGS = [
    ("wav", "pcm_u8"),
    ("wav", "pcm_s16le"),
    ("wav", "pcm_s24le"),
    ("wav", "pcm_s32le"),
    ("wav", "pcm_f32le"),
    ("wav", "pcm_f64le"),
    ("wav", "pcm_mulaw"),
    ("wav", "libmp3lame"),
    ("wav", "adpcm_ms"),
    ("w64", "pcm_s16le"),
    ("aiff", "pcm_s24be"),
    ("caf", "pcm_s16le"),
    ("caf", "alac"),
    ("au", "pcm_s16be"),
    ("mp3", "libmp3lame"),
    ("ipod", "aac"),
    ("ipod", "alac"),
    ("ogg", "vorbis"),
    ("ogg", "libopus"),
    ("ogg", "flac"),
    ("flac", "flac"),
    ("webm", "libopus"),
    ("webm", "vorbis"),
    ("adts", "aac"),
]
COMPRESSED = [("mp3", "libmp3lame"), ("flac", "flac"), ("ogg", "libopus"), ("adts", "aac")]


def decode(data: bytes) -> Samples:
    audio = decode_reference(io.BytesIO(data))
    assert_reference(audio)
    return audio


def assert_reference(audio: Samples) -> None:
    assert audio.dtype == np.float32
    assert audio.ndim == 1
    assert audio.flags.c_contiguous
    assert 0 < len(audio) <= MAX_SAMPLES
    assert np.isfinite(audio).all()
    assert np.abs(audio).max() <= 1


def assert_undecodable(data: bytes, reason: str) -> None:
    with pytest.raises(UndecodableAudio) as caught:
        decode_reference(io.BytesIO(data))
    assert str(caught.value) == reason


@pytest.mark.parametrize(("container", "codec"), ENCODINGS)
def test_decode_understands_every_encoding(container: str, codec: str):
    audio = decode(encode(container, codec, sine(channels=2)))
    assert seconds(audio) == pytest.approx(1.0, abs=0.06)
    assert pitch_hz(audio) == pytest.approx(440, abs=2)
    middle = audio[SAMPLE_RATE_HZ // 4 : -SAMPLE_RATE_HZ // 4]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


@pytest.mark.parametrize("rate_hz", [4_000, 8_000, 22_050, 44_099, 96_000, 192_000])
def test_decode_resamples_any_plausible_rate(rate_hz: int):
    audio = decode(float_wav(sine(0.5, rate_hz), rate_hz))
    assert seconds(audio) == pytest.approx(0.5, abs=1e-3)
    assert pitch_hz(audio) == pytest.approx(440, abs=4)


@pytest.mark.parametrize("rate_hz", [100, 3_999, 192_001, 1_000_000])
def test_decode_refuses_absurd_rates(rate_hz: int):
    assert_undecodable(
        wav([1000] * 500, rate_hz), f"its sample rate is {rate_hz} Hz (4000 to 192000 work)"
    )


def test_decode_leaves_samples_at_the_target_rate_alone():
    stored = np.random.default_rng(0).integers(-32768, 32767, 5000, np.int16)
    np.testing.assert_array_equal(decode(wav(stored)), stored.astype(np.float32) / 32768)


def test_decode_centres_unsigned_samples():
    data = encode("wav", "pcm_u8", sine(), 48_000)
    assert abs(decode(data).mean()) < 0.01


@pytest.mark.parametrize("channels", [2, 3, 8, 60])
def test_decode_takes_the_mean_of_the_channels(channels: int):
    stored = np.random.default_rng(0).integers(-32768, 32767, (5000, channels), np.int16)
    expected = stored.mean(axis=1) / 32768
    np.testing.assert_allclose(decode(wav(stored)), expected, atol=1e-6)


@pytest.mark.parametrize("channels", [2, 7, 8, 9, 32])  # PyAV's own array cannot do 8 or more
def test_decode_takes_the_mean_of_planar_channels(channels: int):
    samples = np.zeros((48_000, channels))
    samples[:, -1] = sine()[0]
    file = io.BytesIO()
    soundfile.write(file, samples, 48_000, "VORBIS", format="OGG")
    audio = decode(file.getvalue())
    assert np.abs(audio[2000:-2000]).max() == pytest.approx(0.5 / channels, rel=0.1)


@pytest.mark.parametrize(("peak", "expected"), [(0.01, 0.01), (1.0, 1.0), (4.0, 1.0), (1e30, 1.0)])
def test_decode_divides_by_the_peak_only_above_full_scale(peak: float, expected: float):
    audio = decode(float_wav(2 * sine(rate_hz=SAMPLE_RATE_HZ) * np.float32(peak)))
    assert np.abs(audio).max() == pytest.approx(expected, rel=1e-4)


def test_decode_stops_at_five_minutes():
    samples = (1000 * np.sin(np.arange(301 * 4000) / 3)).astype(np.int16)
    assert len(decode(wav(samples, 4000))) == MAX_SAMPLES


@pytest.mark.parametrize(("container", "codec"), COMPRESSED)
def test_decode_reads_no_more_of_three_hours_than_of_five_minutes(container: str, codec: str):
    rate_hz = 48_000 if codec == "libopus" else 8_000
    piece = encode(container, codec, sine(10, rate_hz), rate_hz)
    file = CountingFile(piece * 3 * 360)
    assert_reference(decode_reference(file))
    assert file.num_read < 33 * len(piece) + 2**20


def test_decode_reads_no_more_of_a_three_hour_wav_than_of_five_minutes(tmp_path: Path):
    path = tmp_path / "long.wav"
    path.write_bytes(wav(np.full(4000, 5000, np.int16), 4000))
    three_hours = 3 * 3600 * 4000 * 2
    with path.open("r+b") as file:
        file.truncate(44 + three_hours)  # silence that takes no space on disk
        file.seek(4)
        file.write(struct.pack("<I", 36 + three_hours))
        file.seek(40)
        file.write(struct.pack("<I", three_hours))
    with path.open("rb", buffering=0) as raw:
        audio = decode_reference(raw)
        assert raw.tell() < 300 * 4000 * 2 + 2**20
    assert len(audio) == MAX_SAMPLES


@pytest.mark.parametrize(("container", "codec"), COMPRESSED)
def test_decode_uses_what_a_truncated_file_still_holds(container: str, codec: str):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 4 * 48_000))
    data = encode(container, codec, noise.astype(np.float32))
    assert 0.9 < seconds(decode(data[: len(data) // 2])) < 2.5  # Ogg: in pages of a second


@pytest.mark.parametrize(("container", "codec"), COMPRESSED)
def test_decode_passes_over_damage_in_the_middle(container: str, codec: str):
    data = bytearray(encode(container, codec, sine(4.0)))
    middle = len(data) // 2
    data[middle : middle + 200] = np.random.default_rng(0).bytes(200)
    assert seconds(decode(bytes(data))) > 2.5


@pytest.mark.parametrize("num_bytes", [0, 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_decode_does_not_believe_the_length_in_a_wav_header(num_bytes: int):
    data = bytearray(wav([8000, -8000] * 5000))
    data[40:44] = struct.pack("<I", num_bytes)
    if num_bytes == 1:
        assert_undecodable(bytes(data), "no audio in it could be decoded")
    else:
        assert len(decode(bytes(data))) == 10_000


@pytest.mark.parametrize("num_samples", [0, 1, 2**36 - 1])
def test_decode_does_not_believe_the_length_in_a_flac_header(num_samples: int):
    data = bytearray(encode("flac", "flac", sine(rate_hz=SAMPLE_RATE_HZ), SAMPLE_RATE_HZ))
    packed = int.from_bytes(data[18:26], "big")  # STREAMINFO: rate, channels, bits, samples
    data[18:26] = (packed >> 36 << 36 | num_samples).to_bytes(8, "big")
    assert len(decode(bytes(data))) == SAMPLE_RATE_HZ


def test_decode_does_not_believe_the_length_in_an_mp3_header():
    data = bytearray(encode("mp3", "libmp3lame", sine(2.0)))
    info = data.index(b"Info")
    assert data[info + 7] & 1, "the header tells the number of frames"
    for num_frames in (1, 2**31):
        data[info + 8 : info + 12] = struct.pack(">I", num_frames)
        assert seconds(decode(bytes(data))) == pytest.approx(2.0, abs=0.1)


def test_decode_joins_parts_of_different_rates():
    parts = [encode("adts", "aac", sine(1.0, rate), rate) for rate in (48_000, 22_050)]
    audio = decode(b"".join(parts))
    assert seconds(audio) == pytest.approx(2.0, abs=0.1)
    assert pitch_hz(audio[: SAMPLE_RATE_HZ * 3 // 4]) == pytest.approx(440, abs=2)
    assert pitch_hz(audio[-SAMPLE_RATE_HZ * 3 // 4 :]) == pytest.approx(440, abs=2)


def test_decode_takes_the_first_audio_stream_beside_video():
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        film, first, second = add_film(out), add_track(out, "aac"), add_track(out, "aac")
        out.mux(film.encode(av.VideoFrame(32, 32, "yuv420p")))
        out.mux(film.encode(None))
        fill(out, second, sine(pitch_hz=3000))
        fill(out, first, sine(pitch_hz=300))
    assert pitch_hz(decode(file.getvalue())) == pytest.approx(300, abs=2)


@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_reference_is_the_first_audible_track(container: str):
    silence = np.zeros((2, 48_000), np.float32)
    data = two_tracks(silence, sine(pitch_hz=700), container)
    reference = read_reference(io.BytesIO(data))
    assert (reference.source.track, reference.source.num_channels) == (1, 1)
    assert pitch_hz(reference.pcm) == pytest.approx(700, abs=2)
    assert_undecodable(two_tracks(silence, silence, container), "no audible audio")


@pytest.mark.parametrize("unknown", [0, 1], ids=["first", "second"])
def test_reference_passes_over_a_track_without_decoder(unknown: int):
    data = bytearray(two_tracks(sine(pitch_hz=300), sine(pitch_hz=700), "matroska"))
    at = data.index(b"A_AAC")
    if unknown:
        at = data.index(b"A_AAC", at + 4)
    data[at : at + 5] = b"A_AAX"
    reference = read_reference(io.BytesIO(bytes(data)))
    assert reference.source.track == 1 - unknown
    assert pitch_hz(reference.pcm) == pytest.approx((700, 300)[unknown], abs=2)
    assert describe_source(io.BytesIO(bytes(data))).codec == "aac"


@pytest.mark.parametrize(
    ("container", "codec"), [("wav", "pcm_s16le"), ("flac", "flac"), ("ogg", "libopus")]
)
def test_reference_is_one_channel_where_both_cancel(container: str, codec: str):
    left = sine()[0]
    for channels, loudest in (([left, -0.9 * left], 0), ([0.9 * left, -left], 1)):
        reference = read_reference(io.BytesIO(encode(container, codec, np.stack(channels))))
        assert reference.channel == loudest
        assert np.abs(reference.pcm).max() == pytest.approx(0.5, rel=0.1)
        assert pitch_hz(reference.pcm) == pytest.approx(440, abs=2)
    assert read_reference(io.BytesIO(encode(container, codec, sine(channels=2)))).channel is None


def test_reference_is_one_channel_in_a_part_that_cancels():
    left = sine()[0]
    parts = [np.stack([left]), np.stack([left, -0.9 * left]), np.stack([left])]
    data = b"".join(encode("ogg", "libopus", part) for part in parts)
    reference = read_reference(io.BytesIO(data))
    assert reference.channel == 0
    for at in range(3):
        part = reference.pcm[int((at + 0.2) * SAMPLE_RATE_HZ) : int((at + 0.8) * SAMPLE_RATE_HZ)]
        assert np.sqrt(np.mean(part**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.1)


def test_reference_begins_with_the_voice_after_long_silence():
    voice = sine(3.0, SAMPLE_RATE_HZ)
    silence = np.zeros((1, 60 * SAMPLE_RATE_HZ), np.float32)
    reference = read_reference(io.BytesIO(float_wav(np.concatenate([silence, voice], axis=1))))
    assert reference.skipped_s == pytest.approx(59.5, abs=0.02)
    assert seconds(reference.pcm) == pytest.approx(3.5, abs=0.02)
    assert_reference(reference.pcm)
    short = np.concatenate([silence[:, : 4 * SAMPLE_RATE_HZ], voice], axis=1)
    reference = read_reference(io.BytesIO(float_wav(short)))
    assert reference.skipped_s == 0
    np.testing.assert_array_equal(reference.pcm, short[0])


def test_decode_refuses_a_film_without_sound():
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        film = add_film(out)
        out.mux(film.encode(av.VideoFrame(32, 32, "yuv420p")))
        out.mux(film.encode(None))
    assert_undecodable(file.getvalue(), "it holds no audio stream")


def test_decode_passes_over_cover_art_and_broken_tags():
    picture = b"\0image/jpeg\0\3\0" + bytes(range(256)) * 400
    title = b"\3\xff\xfe not UTF-8 \xc3"
    frames = b"".join(
        name + struct.pack(">I", len(body)) + b"\0\0" + body
        for name, body in ((b"APIC", picture), (b"TIT2", title))
    )
    size = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    tagged = b"ID3\3\0\0" + size + frames + encode("mp3", "libmp3lame", sine(1.0))
    assert seconds(decode(tagged)) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(
    "body",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{}'\n",
    ],
)
def test_decode_follows_no_playlist_to_another_file(tmp_path: Path, body: str):
    secret = tmp_path / "secret.aac"
    secret.write_bytes(encode("adts", "aac", sine()))
    assert_undecodable(body.format(secret).encode(), "not an audio file that can be read")


@pytest.mark.parametrize(("container", "codec"), ENCODINGS)
def test_decode_needs_more_than_a_header(container: str, codec: str):
    num_bytes = 24 if container == "au" else 40  # its header is short
    with pytest.raises(UndecodableAudio):
        decode_reference(io.BytesIO(encode(container, codec, sine(channels=2))[:num_bytes]))


@pytest.mark.parametrize("data", [b"RIFF", b"\0" * 10_000, b"speech\n" * 1000, b"\xff\xd8\xff\xe0"])
def test_decode_refuses_what_is_no_audio(data: bytes):
    assert_undecodable(data, "not an audio file that can be read")


def test_decode_refuses_an_empty_file():
    assert_undecodable(b"", "the file is empty")


def test_decode_refuses_a_file_of_no_samples():
    assert_undecodable(wav([]), "no audio in it could be decoded")


@pytest.mark.parametrize(
    "samples",
    [np.zeros(5000), np.full(5000, MIN_PEAK * 0.9), np.full(5000, 0.1), np.zeros((2, 5000))],
)
def test_decode_refuses_silence(samples: NDArray[np.float64]):
    assert_undecodable(float_wav(samples.astype(np.float32)), "no audible audio")


def test_decode_takes_the_quietest_audible_audio():
    for lowest in (-1.1, -0.2):  # a voice may reach further up than down
        samples = np.zeros(5000, np.float32)
        samples[::10], samples[5::10] = MIN_PEAK * 1.1, MIN_PEAK * lowest
        assert len(decode(float_wav(samples))) == 5000


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("rate_hz", [SAMPLE_RATE_HZ, 48_000])
def test_decode_refuses_samples_that_are_not_finite(value: float, rate_hz: int):
    samples = sine(0.1, rate_hz)
    samples[0, 1000] = value
    assert_undecodable(float_wav(samples, rate_hz), "it holds samples that are not finite numbers")


def test_decode_passes_on_that_reading_failed():
    class Failing(CountingFile):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.num_read > 300_000:
                raise OSError(5, "Input/output error")
            return super().read(size)

    with pytest.raises(OSError, match="Input/output error"):
        decode_reference(Failing(wav([8000, -8000] * 500_000)))


@given(
    st.binary(max_size=2000),
    st.sampled_from(
        [
            b"",
            b"RIFF\0\0\0\0WAVEfmt ",
            b"RIFX\0\0\0\0WAVEfmt ",
            b"RF64\xff\xff\xff\xffWAVEds64",
            b"FORM\0\0\0\0AIFCCOMM",
            b"caff\0\1\0\0desc",
            b".snd\0\0\0\x18",
            b"fLaC",
            b"OggS",
            b"ID3",
            b"\xff\xfb\x90\x00",
            b"\xff\xf1",
            b"\0\0\0\x18ftypM4A ",
            b"\x1a\x45\xdf\xa3",
        ]
    ),
)
def test_decode_of_any_bytes_gives_audio_or_one_kind_of_error(data: bytes, start: bytes):
    assert_audio_or_reason(start + data)


DAMAGED = {
    f"{container} {codec}": encode(container, codec, sine(0.3, channels=2))
    for container, codec in ENCODINGS
}


@settings(max_examples=200)
@given(st.data(), st.sampled_from(sorted(DAMAGED)))
def test_decode_of_a_damaged_file_gives_audio_or_one_kind_of_error(
    data: st.DataObject, encoding: str
):
    damaged = bytearray(DAMAGED[encoding])
    for _ in range(data.draw(st.integers(0, 5))):
        # Headers are where the traps are.
        at = data.draw(st.integers(0, 100) | st.integers(0, len(damaged) - 1))
        damaged[min(at, len(damaged) - 1)] = data.draw(st.integers(0, 255))
    assert_audio_or_reason(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))


def assert_audio_or_reason(data: bytes) -> None:
    with contextlib.suppress(UndecodableAudio):
        assert_reference(decode_reference(io.BytesIO(data)))


def test_resampler_is_chosen_once_and_named_in_the_log(caplog: pytest.LogCaptureFixture):
    load_resampler.cache_clear()
    with caplog.at_level(logging.INFO, resampling.__name__):
        assert load_resampler() is load_resampler()
    # Where Serve's handlers are shared, pytest's is among them and sees a record twice.
    lines = [record.getMessage() for record in dict.fromkeys(caplog.records)]
    assert [line.startswith("resampling with") for line in lines] == [True]


@pytest.mark.parametrize("rate_hz", [8_000, 24_000, 48_000, 96_000])
def test_resamplers_agree(rate_hz: int):
    if load_resampler() is resample_soxr:
        pytest.skip("torchaudio's native library does not load on this machine")
    mono = sine(1.0, rate_hz)[0]
    ours, upstreams = resample_soxr(mono, rate_hz), resample_torchaudio(mono, rate_hz)
    assert len(ours) == len(upstreams)
    inner = slice(1000, -1000)
    assert np.abs(ours[inner] - upstreams[inner]).max() < 2e-3


def test_resample_torchaudio_leaves_rates_with_a_giant_filter_to_soxr():
    mono = sine(0.1, 44_101)[0]
    np.testing.assert_array_equal(resample_torchaudio(mono, 44_101), resample_soxr(mono, 44_101))


def test_decode_runs_in_several_threads_at_once():
    data = encode("mp3", "libmp3lame", sine(2.0))
    expected = decode(data)
    results: list[Samples] = []
    threads = [threading.Thread(target=lambda: results.append(decode(data))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    for audio in results:
        np.testing.assert_array_equal(audio, expected)


@pytest.mark.parametrize(
    ("container", "codec", "told"), [("flac", "flac", "flac"), ("mp3", "libmp3lame", "mp3")]
)
def test_source_is_described_without_decoding(container: str, codec: str, told: str):
    source = describe_source(io.BytesIO(encode(container, codec, sine(2.0, channels=2))))
    assert (source.codec, source.sample_rate_hz, source.num_channels) == (told, 48_000, 2)
    assert source.duration_s is None or source.duration_s == pytest.approx(2.0, abs=0.1)


def test_source_of_what_holds_no_audio():
    with pytest.raises(UndecodableAudio):
        describe_source(io.BytesIO(b"not audio" * 100))


def test_decode_uses_the_resampler_it_is_given():
    def other(mono: Samples, rate_hz: int) -> Samples:
        return sine(rate_hz=SAMPLE_RATE_HZ)[0]

    assert_reference(decode_reference(io.BytesIO(float_wav(sine(rate_hz=8000), 8000)), other))
    heard = decode_reference(io.BytesIO(float_wav(sine(rate_hz=8000), 8000)), other)
    np.testing.assert_array_equal(heard, other(heard, 8000))
