import io
import os
import stat
import subprocess
import sys
import wave

import pytest
import soundfile

from serve_app.audio_target import StreamedHeader, open_target
from speech.encoding import Encoder
from speech.formats import FORMATS, FormatName
from tests.conftest import voiced


def test_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "out.mp3"
    path.write_bytes(b"old")
    with open_target(str(path)) as target:
        target.write(b"new")
        target.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["out.mp3"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_file_that_fails_leaves_nothing_and_what_was_there(tmp_path, error):
    (tmp_path / "old.mp3").write_bytes(b"old")

    def fail(name):
        with open_target(str(tmp_path / name)) as target:
            target.write(b"half")
            raise error

    for name in ("old.mp3", "new.mp3"):
        with pytest.raises(error):
            fail(name)
    assert os.listdir(tmp_path) == ["old.mp3"]
    assert (tmp_path / "old.mp3").read_bytes() == b"old"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("nowhere/a.wav", "No such file or directory"), ("/dev/full", "No space left on device")],
)
def test_error_names_the_file_that_was_asked_for(name, reason):
    with pytest.raises(OSError, match=reason) as caught, open_target(name) as target:
        target.write(b"audio")
    assert caught.value.filename == name


def test_error_of_a_file_inside_keeps_its_name(tmp_path):
    with pytest.raises(OSError, match="No such file") as caught, open_target(tmp_path / "a.wav"):
        open_target("nowhere/a.srt").__enter__()
    assert caught.value.filename == "nowhere/a.srt"
    assert os.listdir(tmp_path) == []


def test_file_gets_the_permissions_of_any_new_file(tmp_path):
    with open_target(str(tmp_path / "out.mp3")):
        pass
    (tmp_path / "other").touch()
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("out.mp3", "other")}
    assert len(modes) == 1


def test_link_stays_a_link(tmp_path):
    (tmp_path / "link.mp3").symlink_to("real.mp3")
    with open_target(str(tmp_path / "link.mp3")) as target:
        target.write(b"audio")
    assert (tmp_path / "link.mp3").is_symlink()
    assert (tmp_path / "real.mp3").read_bytes() == b"audio"


def test_device_is_written_to_and_not_replaced():
    with open_target("/dev/null") as target:
        target.write(b"audio")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_wav_into_a_device_has_no_header_to_complete():
    with open_target("/dev/null") as target:
        header = StreamedHeader(target)
        for packet in streamed():
            target.write(packet)
            header.feed(packet)
        header.complete(2 * 44100)


def test_pipe_by_its_descriptor_is_written_to():
    reader, writer = os.pipe()
    with open_target(f"/dev/fd/{writer}") as target:
        target.write(b"audio")
    os.close(writer)
    assert os.read(reader, 100) == b"audio"
    os.close(reader)


def streamed(name: FormatName = "wav") -> list[bytes]:
    encoder = Encoder(FORMATS[name], 44100, 44100)
    return [encoder.encode(voiced(100)), encoder.finish()]


def complete(path, *packets):
    """Write a file of two seconds, and then its header; return what is in it."""
    with open_target(str(path)) as target:
        header = StreamedHeader(target)
        for packet in packets:
            target.write(packet)
            header.feed(packet)
        header.complete(2 * 44100)
    return path.read_bytes()


@pytest.mark.parametrize("cut", [1, 43, 44, 1000])
def test_wav_header_is_completed_however_it_arrives(tmp_path, cut):
    stream = b"".join(streamed())
    written = complete(tmp_path / "out.wav", stream[:cut], stream[cut:])
    with wave.open(str(tmp_path / "out.wav")) as file:
        assert file.getnframes() == 2 * 44100
    assert written[44:] == stream[44:]
    assert int.from_bytes(written[4:8], "little") == len(written) - 8


@pytest.mark.parametrize("cut", [1, 25, 1000])
def test_flac_header_is_completed_however_it_arrives(tmp_path, cut):
    stream = b"".join(streamed("flac"))
    assert soundfile.info(io.BytesIO(stream)).frames != 2 * 44100
    written = complete(tmp_path / "out.flac", stream[:cut], stream[cut:])
    told = soundfile.info(tmp_path / "out.flac")
    expected = (2 * 44100, 44100, 1, "PCM_16")
    assert (told.frames, told.samplerate, told.channels, told.subtype) == expected
    assert (written[:21], written[26:]) == (stream[:21], stream[26:])


@pytest.mark.parametrize("content", [b"", b"RIFF", b"fLaC", b"x" * 100])
def test_what_is_no_wav_is_left_alone(tmp_path, content):
    assert complete(tmp_path / "out.wav", content) == content


COPY = """
import sys
from serve_app.audio_target import StreamedHeader, open_target
with open_target("-") as target:
    header = StreamedHeader(target)
    stream = sys.stdin.buffer.read()
    target.write(stream)
    header.feed(stream)
    header.complete(2 * 44100)
"""


@pytest.mark.parametrize("mode", ["wb", "ab"])
def test_standard_output_into_a_file_is_completed_unless_it_is_appended_to(tmp_path, mode):
    stream = b"".join(streamed())
    path = tmp_path / "out.wav"
    path.write_bytes(b"before")
    with open(path, mode) as out:
        subprocess.run([sys.executable, "-c", COPY], input=stream, stdout=out, check=True)
    if mode == "ab":
        assert path.read_bytes() == b"before" + stream
    else:
        with wave.open(str(path)) as file:
            assert file.getnframes() == 2 * 44100
