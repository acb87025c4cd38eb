import io

import av
import numpy as np

from serve_app.book.audio_file import M4B_AUDIO, SpokenPart, write_audio, write_m4b
from serve_app.book.parts import Part

ADTS_HEADER_BYTES = 7


def test_title_of_a_name_that_is_no_utf8_is_written_all_the_same(tmp_path):
    (tmp_path / "part.pcm").write_bytes(np.full(4410, 1000, "<i2").tobytes())
    spoken = [SpokenPart(Part("Hello.", 0.0, ""), tmp_path / "part.pcm")]
    with (tmp_path / "book.m4b").open("wb") as target:
        write_m4b(target, spoken, title="b\udcfccher", rate_hz=44100)
    with av.open(tmp_path / "book.m4b") as container:
        assert container.metadata["title"] == "b?cher"
        assert container.chapters()[0]["metadata"]["title"] == "b?cher"


def test_m4b_is_coded_as_the_servers_aac_is(tmp_path):
    samples = np.random.default_rng(7).normal(0, 5000, 44100).astype("<i2")
    (tmp_path / "part.pcm").write_bytes(samples.tobytes())
    spoken = [SpokenPart(Part("Hello.", 0.0, ""), tmp_path / "part.pcm")]
    book = io.BytesIO()
    write_m4b(book, spoken, title="Hello", rate_hz=44100)
    with (tmp_path / "book.aac").open("w+b") as plain:
        write_audio(plain, spoken, output=M4B_AUDIO, rate_hz=44100)
        assert packets(book) == [packet[ADTS_HEADER_BYTES:] for packet in packets(plain)]


def packets(file):
    file.seek(0)
    with av.open(file) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]
