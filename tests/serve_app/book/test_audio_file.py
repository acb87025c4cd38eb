import io

import av
import numpy as np
import pytest
from av.stream import Disposition

from serve_app.book.audio_file import M4B_AUDIO, write_audio, write_m4b
from serve_app.book.levels import SpokenPart
from serve_app.book.parts import Part
from speech.formats import FORMATS
from speech.limiter import true_peak_db
from speech.loudness import measure_loudness
from speech.pcm import from_int16
from tests.conftest import voiced
from tests.serve_app.book.epubs import PNG

ADTS_HEADER_BYTES = 7


def test_title_of_a_name_that_is_no_utf8_is_written_all_the_same(tmp_path):
    (tmp_path / "part.pcm").write_bytes(np.full(4410, 1000, "<i2").tobytes())
    spoken = [SpokenPart(Part("Hello.", 0.0, ""), tmp_path / "part.pcm")]
    with (tmp_path / "book.m4b").open("wb") as target:
        write_m4b(target, spoken, title="b\udcfccher", rate_hz=44100, has_loudness=False)
    with av.open(tmp_path / "book.m4b") as container:
        assert container.metadata["title"] == "b?cher"
        assert container.chapters()[0]["metadata"]["title"] == "b?cher"


def test_m4b_is_coded_as_the_servers_aac_is(tmp_path):
    samples = np.random.default_rng(7).normal(0, 5000, 44100).astype("<i2")
    (tmp_path / "part.pcm").write_bytes(samples.tobytes())
    spoken = [SpokenPart(Part("Hello.", 0.0, ""), tmp_path / "part.pcm")]
    book = io.BytesIO()
    write_m4b(book, spoken, title="Hello", rate_hz=44100, has_loudness=False)
    with (tmp_path / "book.aac").open("w+b") as plain:
        write_audio(plain, spoken, output=M4B_AUDIO, rate_hz=44100, has_loudness=False)
        assert packets(book) == [packet[ADTS_HEADER_BYTES:] for packet in packets(plain)]


@pytest.mark.parametrize("cover", [b"\xff\xd8\xff and no picture", PNG, b"GIF89a"])
def test_m4b_has_the_author_and_the_cover_as_it_is(tmp_path, cover):
    (tmp_path / "part.pcm").write_bytes(np.full(4410, 1000, "<i2").tobytes())
    spoken = [SpokenPart(Part("Hello.", 0.0, ""), tmp_path / "part.pcm")]
    book = io.BytesIO()
    named = {"title": "Hello", "author": "Ada", "cover": cover}
    write_m4b(book, spoken, **named, rate_hz=44100, has_loudness=False)
    book.seek(0)
    with av.open(book) as container:
        assert container.metadata["artist"] == "Ada"
        assert container.metadata["major_brand"] == "M4A "
        pictures = list(container.streams.video)
        assert all(stream.disposition == Disposition.attached_pic for stream in pictures)
        packets = [packet for packet in container.demux() if packet.stream in pictures]
        shown = [bytes(packet) for packet in packets if packet.size]
    assert shown == ([] if cover == b"GIF89a" else [cover])


def packets(file):
    file.seek(0)
    with av.open(file) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def spoken_at(folder, *levels):
    """Parts of two seconds, at these factors of full scale."""
    pcm = voiced(120) / np.abs(voiced(120)).max()
    for number, level in enumerate(levels):
        (folder / f"{number}.pcm").write_bytes((level * 32767 * pcm).astype("<i2").tobytes())
    return [
        SpokenPart(Part("Hello.", 0.0), folder / f"{number}.pcm") for number in range(len(levels))
    ]


def written(folder, spoken, output_format, *, has_loudness):
    with (folder / "book").open("wb") as target:
        if output_format == "m4b":
            write_m4b(target, spoken, title="", rate_hz=44100, has_loudness=has_loudness)
        else:
            output = FORMATS[output_format]
            write_audio(target, spoken, output=output, rate_hz=44100, has_loudness=has_loudness)
    return folder / "book"


def test_parts_of_a_book_are_as_loud_as_the_middle_one(tmp_path):
    spoken = spoken_at(tmp_path, 0.9, 0.5, 0.2)
    book = from_int16(written(tmp_path, spoken, "pcm", has_loudness=False).read_bytes())
    expected = measure_loudness(from_int16(spoken[1].file.read_bytes())).lufs
    for start in (0.1, 2.1, 4.1):
        part = book[round(start * 44100) : round((start + 1.8) * 44100)]
        assert measure_loudness(part).lufs == pytest.approx(expected, abs=0.2)


def test_part_that_is_turned_up_is_not_clipped(tmp_path):
    spoken = spoken_at(tmp_path, 0.1, 0.5, 0.5)
    quiet = np.fromfile(spoken[0].file, "<i2")
    quiet[44100] = 25_000  # a click is not heard as loudness
    quiet.tofile(spoken[0].file)
    book = from_int16(written(tmp_path, spoken, "pcm", has_loudness=False).read_bytes())
    assert true_peak_db(book, 44100) < -0.9


@pytest.mark.parametrize("output_format", ["m4b", "mp3", "flac"])
def test_book_whose_loudness_was_asked_for_keeps_it_and_true_peaks(tmp_path, output_format):
    spoken = spoken_at(tmp_path, 1.0, 0.5)
    with av.open(written(tmp_path, spoken, output_format, has_loudness=True)) as container:
        frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    pcm = np.concatenate(frames)
    pcm = pcm / np.float32(2**15) if pcm.dtype == np.int16 else pcm
    assert true_peak_db(pcm, 44100) < -1
    second = pcm[round(2.2 * 44100) : round(3.8 * 44100)]
    expected = measure_loudness(from_int16(spoken[1].file.read_bytes())).lufs
    assert measure_loudness(second).lufs == pytest.approx(expected, abs=0.2)
