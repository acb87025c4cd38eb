import io
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech.decoding.ffmpeg import open_with_ffmpeg
from speech.decoding.ogg import open_ogg
from speech.pcm import SAMPLE_RATE_HZ
from speech.reference_audio import decode_reference, describe_source
from tests.speech.audio_files import CountingFile, encode, pitch_hz, seconds, sine

# codec, rate in Hz, channels
FORMS = [
    ("libopus", 48_000, 1),
    ("libopus", 48_000, 2),
    ("vorbis", 44_100, 2),
    ("vorbis", 22_050, 2),
    ("flac", 16_000, 1),
    ("flac", 44_100, 2),
]
PITCHES_HZ = (300, 600, 900, 1200)


@cache
def link(form, pitch):
    return encode("ogg", form[0], sine(1.0, form[1], pitch, form[2]), form[1])


def read(data, opened=open_ogg):
    with opened(io.BytesIO(data)) as audio:
        return np.concatenate([block.samples for block in audio.blocks(0)])


@settings(max_examples=30)
@given(st.lists(st.sampled_from(FORMS), min_size=2, max_size=4))
def test_chain_goes_on_past_links_of_another_form(forms):
    data = b"".join(link(form, PITCHES_HZ[at]) for at, form in enumerate(forms))
    audio = decode_reference(io.BytesIO(data))
    assert seconds(audio) == pytest.approx(len(forms), abs=0.1)
    for at in range(len(forms)):
        inner = audio[int((at + 0.2) * SAMPLE_RATE_HZ) : int((at + 0.8) * SAMPLE_RATE_HZ)]
        assert pitch_hz(inner) == pytest.approx(PITCHES_HZ[at], abs=3)


@pytest.mark.parametrize("form", FORMS)
def test_single_link_is_read_as_ffmpeg_reads_the_file(form):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (form[2], 3 * form[1]))
    data = encode("ogg", form[0], noise.astype(np.float32), form[1])
    np.testing.assert_array_equal(read(data), read(data, open_with_ffmpeg))
    source = describe_source(io.BytesIO(data))
    assert source.duration_s == pytest.approx(3.0, abs=0.05)


def test_chain_goes_on_past_a_link_that_is_no_audio():
    opus = link(FORMS[0], 300)
    unknown = opus.replace(b"OpusHead", b"OpusHeaf")
    assert seconds(decode_reference(io.BytesIO(opus + unknown + opus))) == pytest.approx(2, abs=0.1)


def test_chain_goes_on_past_bytes_that_are_no_page():
    opus, vorbis = link(FORMS[0], 300), link(FORMS[2], 600)
    data = opus + bytes(100_000) + vorbis + bytes(500) + opus
    assert seconds(decode_reference(io.BytesIO(data))) == pytest.approx(3.0, abs=0.1)


def test_damaged_flag_does_not_end_a_link():
    data = bytearray(encode("ogg", "libopus", sine(5.0)))
    middle = data.index(b"OggS", len(data) // 2)
    data[middle + 5] |= 2  # begins a stream
    assert seconds(decode_reference(io.BytesIO(bytes(data)))) > 3.5


def test_chain_of_links_without_audio_ends():
    head = link(FORMS[0], 300)[:47]  # the first page
    data = link(FORMS[0], 300) + 100_000 * head
    assert seconds(decode_reference(io.BytesIO(data))) == pytest.approx(1.0, abs=0.1)


def test_duration_of_a_chain_is_not_guessed():
    data = link(FORMS[0], 300) + link(FORMS[2], 600)
    assert describe_source(io.BytesIO(data)).duration_s is None


def test_description_reads_the_beginning_and_the_end_only():
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 60 * 16_000)).astype(np.float32)
    file = CountingFile(encode("ogg", "flac", noise, 16_000))
    describe_source(file)
    assert file.num_read < 700_000 < len(file.getvalue())
