import numpy as np
import pytest

from serve_app.audio_length import AudioLength
from speech.encoding import Encoder
from speech.formats import FORMATS
from tests.conftest import voiced

RATE_HZ = 44100


def streamed(row, seconds, sample_rate):
    encoder = Encoder(row, RATE_HZ, sample_rate)
    for piece in np.array_split(voiced(120, seconds), 7):
        yield encoder.encode(piece)
    yield encoder.finish()


@pytest.mark.parametrize("row", FORMATS.values(), ids=lambda row: row.name)
@pytest.mark.parametrize("pick_rate", [min, max])
def test_length_of_a_stream_is_exact_in_the_end(row, pick_rate):
    sample_rate = pick_rate(row.sample_rates)
    length = AudioLength(row, sample_rate)
    so_far = []
    for packet in streamed(row, 3.0, sample_rate):
        length.feed(packet)
        so_far.append(length.about_s)
    padding_s = 0.2 if row.name in ("mp3", "aac") else 0.0001
    assert length.total_s() == pytest.approx(3.0, abs=padding_s)
    assert so_far == sorted(so_far)
    assert 0.3 * 3.0 < so_far[-1] < 3 * 3.0


@pytest.mark.parametrize("name", ["opus", "flac"])
def test_length_of_a_single_packet(name):
    row = FORMATS[name]
    length = AudioLength(row, row.default_sample_rate)
    encoder = Encoder(row, row.default_sample_rate, row.default_sample_rate)
    length.feed(encoder.encode(voiced(120, 0.5)[:96]) + encoder.finish())
    assert length.total_s() == pytest.approx(96 / row.default_sample_rate)


@pytest.mark.parametrize("name", ["mp3", "opus", "aac", "flac"])
@pytest.mark.parametrize("content", [b"", b"no audio" * 1000])
def test_length_of_what_is_no_such_file(name, content):
    length = AudioLength(FORMATS[name], RATE_HZ)
    length.feed(content)
    with pytest.raises(ValueError, match=f"no {name} file"):
        length.total_s()
