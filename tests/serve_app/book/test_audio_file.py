import av
import numpy as np

from serve_app.book.audio_file import SpokenPart, write_m4b
from serve_app.book.parts import Part


def test_title_of_a_name_that_is_no_utf8_is_written_all_the_same(tmp_path):
    (tmp_path / "part.pcm").write_bytes(np.full(4410, 1000, "<i2").tobytes())
    spoken = [SpokenPart(Part("Hello.", 0.0, ""), tmp_path / "part.pcm")]
    with (tmp_path / "book.m4b").open("wb") as target:
        write_m4b(target, spoken, title="b\udcfccher", rate_hz=44100)
    with av.open(tmp_path / "book.m4b") as container:
        assert container.metadata["title"] == "b?cher"
        assert container.chapters()[0]["metadata"]["title"] == "b?cher"
