import ctypes
import os
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from speech import voices
from speech.errors import InvalidRequest, SpeechError, VoiceNotFound, VoicesUnavailable
from speech.voice_names import EXTENSIONS
from speech.voices import SETTLE_NS, FolderReport, open_voice, report_folder
from tests.replacing import WAYS, replace_by_rename

LATER_NS = 10 * SETTLE_NS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "audio_voices"
    path.mkdir()
    return path


def content(folder: Path, name: str) -> bytes:
    with open_voice(str(folder), name) as file:
        return file.raw.read()


def fingerprint(path: Path, after_ns: int = LATER_NS) -> voices.Fingerprint:
    """As taken `after_ns` after the last change."""
    with open_voice(str(path.parent), path.name) as file:
        return file.fingerprint(os.stat(path).st_ctime_ns + after_ns)


def assert_invalid_path(folder: Path, name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        open_voice(str(folder), name)
    assert caught.value.message == "Invalid speaker_voice path"
    assert caught.value.param == "speaker_voice"


def assert_not_found(folder: Path, name: str, shown: str | None = None) -> None:
    with pytest.raises(VoiceNotFound) as caught:
        open_voice(str(folder), name)
    assert caught.value.message == f"speaker_voice '{name if shown is None else shown}' not found"
    assert caught.value.param == "speaker_voice"


@contextmanager
def no_privileges() -> Iterator[None]:
    """Permissions mean nothing to root: be nobody to files for a moment, in this thread only.

    `os.seteuid` asks it of every thread, of which other tests leave hundreds: that takes seconds.
    """
    uid = os.geteuid()
    if uid == 0:
        ctypes.CDLL(None).setfsuid(65534)
    try:
        yield
    finally:
        ctypes.CDLL(None).setfsuid(uid)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that nobody can enter (pytest's own are closed to others)."""
    with tempfile.TemporaryDirectory() as path:
        os.chmod(path, 0o755)
        yield Path(path)


@pytest.mark.parametrize("name", ["v.wav", "sub/v.wav", "./v.wav", "sub/deep/v.MP3", "Ünï ço.Opus"])
def test_open_voice_opens_files_below_the_folder(folder: Path, name: str):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"audio")
    assert content(folder, name) == b"audio"


@pytest.mark.parametrize("extension", sorted(EXTENSIONS))
@pytest.mark.parametrize("change_case", [str.lower, str.upper, str.title])
def test_open_voice_takes_every_extension_in_any_case(folder: Path, extension: str, change_case):
    (folder / f"v{change_case(extension)}").write_bytes(b"audio")
    assert content(folder, f"v{change_case(extension)}") == b"audio"


def test_open_voice_leaves_no_name_for_a_decoder_to_guess_from(folder: Path):
    (folder / "v.wav").write_bytes(b"audio")
    with open_voice(str(folder), "v.wav") as file:
        assert not isinstance(file.raw.name, str)


def test_open_voice_works_in_the_file_system_root_folder(folder: Path):
    (folder / "v.wav").write_bytes(b"audio")
    with open_voice("/", str(folder / "v.wav").lstrip("/")) as file:
        assert file.raw.read() == b"audio"


@pytest.mark.parametrize(
    "name",
    [
        "../secret.wav",
        "..",
        "sub/../../secret.wav",
        "sub/../v.wav",
        "../audio_voices/v.wav",
        "../audio_voices_private/v.wav",
        "/etc/passwd",
        "//etc/passwd",
        "v.wav\0",
        "\0",
        "v\0/../v.wav",
        "\ud800.wav",
    ],
)
def test_open_voice_refuses_names_that_lead_out_or_can_be_no_path(folder: Path, name: str):
    (folder / "v.wav").write_bytes(b"audio")
    (folder / "sub").mkdir()
    (folder.parent / "secret.wav").write_bytes(b"secret")
    private = folder.parent / "audio_voices_private"
    private.mkdir()
    (private / "v.wav").write_bytes(b"secret")
    assert_invalid_path(folder, name)


def test_open_voice_refuses_an_absolute_path_even_into_the_folder(folder: Path):
    (folder / "v.wav").write_bytes(b"audio")
    assert_invalid_path(folder, str(folder / "v.wav"))


@pytest.mark.parametrize("target", ["audio_voices_private/v.wav", "gone.wav", "/etc/hostname"])
def test_open_voice_refuses_a_link_that_leads_out(folder: Path, target: str):
    private = folder.parent / "audio_voices_private"
    private.mkdir()
    (private / "v.wav").write_bytes(b"secret")
    (folder / "link.wav").symlink_to(folder.parent / target)
    assert_invalid_path(folder, "link.wav")


def test_open_voice_refuses_a_way_through_a_linked_folder_that_leads_out(folder: Path):
    (folder.parent / "v.wav").write_bytes(b"secret")
    (folder / "up").symlink_to(folder.parent)
    assert_invalid_path(folder, "up/v.wav")


def test_open_voice_follows_links_that_stay_inside(folder: Path):
    (folder / "sub").mkdir()
    (folder / "sub" / "v.wav").write_bytes(b"audio")
    (folder / "file.wav").symlink_to("sub/v.wav")
    (folder / "way").symlink_to(folder / "sub")
    assert content(folder, "file.wav") == content(folder, "way/v.wav") == b"audio"


def test_open_voice_accepts_a_voices_folder_that_is_itself_a_link(folder: Path):
    (folder / "v.wav").write_bytes(b"audio")
    link = folder.parent / "link"
    link.symlink_to(folder)
    assert content(link, "v.wav") == b"audio"


@pytest.mark.parametrize(
    "name",
    [
        "gone.wav",
        "gone.txt",
        "gone/v.wav",
        "v.wav/deeper.wav",
        ".",
        "",
        "folder.wav",
        "fifo.wav",
        "loop.wav",
        "..\\v.wav",
        "sub\\v.wav",
        "a" * 250 + ".wav",
    ],
)
def test_open_voice_reports_what_is_no_regular_file_as_not_found(folder: Path, name: str):
    (folder / "v.wav").write_bytes(b"audio")
    (folder / "folder.wav").mkdir()
    os.mkfifo(folder / "fifo.wav")
    (folder / "loop.wav").symlink_to("loop.wav")
    assert_not_found(folder, name)


@pytest.mark.parametrize("name", ["a" * 300 + ".wav", "a/" * 100_000 + "v.wav"])
def test_open_voice_shortens_a_name_longer_than_any_file_name(folder: Path, name: str):
    assert_not_found(folder, name, shown=name[:255] + "…")


def test_open_voice_reports_a_missing_folder_as_not_found(tmp_path: Path):
    assert_not_found(tmp_path / "gone", "v.wav")


def test_open_voice_escapes_what_cannot_be_printed(folder: Path):
    assert_not_found(folder, "a\nb\udc80.wav", shown="a\\nb\\udc80.wav")


@pytest.mark.parametrize(
    ("name", "extension"),
    [("v.txt", ".txt"), ("v.TXT", ".txt"), ("v.wav.tmp", ".tmp"), ("v", "(none)"), ("v.", ".")],
)
def test_open_voice_refuses_other_extensions_of_files_that_exist(
    folder: Path, name: str, extension: str
):
    (folder / name).write_bytes(b"audio")
    with pytest.raises(InvalidRequest) as caught:
        open_voice(str(folder), name)
    assert caught.value.message == f"Unsupported speaker_voice extension: {extension}"
    assert caught.value.param == "speaker_voice"


def test_open_voice_says_that_an_existing_file_cannot_be_read(open_folder: Path):
    (open_folder / "v.wav").write_bytes(b"audio")
    (open_folder / "v.txt").write_bytes(b"audio")
    for name in ("v.wav", "v.txt"):
        os.chmod(open_folder / name, 0)
    with no_privileges():
        with pytest.raises(InvalidRequest) as caught:
            open_voice(str(open_folder), "v.wav")
        with pytest.raises(InvalidRequest, match=r"^Unsupported speaker_voice extension: \.txt$"):
            open_voice(str(open_folder), "v.txt")
    reason = "the file cannot be read"
    assert caught.value.message == f"speaker_voice 'v.wav' could not be decoded: {reason}"
    assert caught.value.param == "speaker_voice"


def test_open_voice_reports_what_lies_in_a_closed_folder_as_not_found(open_folder: Path):
    closed = open_folder / "closed"
    closed.mkdir()
    (closed / "v.wav").write_bytes(b"audio")
    os.chmod(closed, 0)
    with no_privileges():
        assert_not_found(open_folder, "closed/v.wav")


@pytest.mark.parametrize("name", ["v.wav", "v"])
def test_open_voice_without_a_file_descriptor_left_blames_no_voice(folder: Path, name: str):
    (folder / "v.wav").write_bytes(b"audio")
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, most))
    try:
        with pytest.raises(VoicesUnavailable):
            open_voice(str(folder), name)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))
    assert content(folder, name) == b"audio"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text() | st.lists(st.sampled_from(["..", ".", "", "/", "\\", "v.wav", "\0", "up"])))
def test_open_voice_never_reaches_outside(folder: Path, name: str | list[str]):
    (folder / "v.wav").write_bytes(b"audio")
    (folder.parent / "v.wav").write_bytes(b"secret")
    if not (folder / "up").is_symlink():
        (folder / "up").symlink_to("..")
    try:
        answer = content(folder, name if isinstance(name, str) else "/".join(name)).decode()
    except SpeechError as error:
        answer = error.message
    assert "secret" not in answer
    assert str(folder) not in answer
    assert "\n" not in answer


def test_fingerprint_is_the_same_for_every_name_of_a_file(folder: Path):
    (folder / "v.wav").write_bytes(b"audio")
    (folder / "link.wav").symlink_to("v.wav")
    prints = set()
    for name in ("v.wav", "./v.wav", "link.wav"):
        with open_voice(str(folder), name) as file:
            prints.add(file.fingerprint(now_ns=0))
    assert len(prints) == 1


def test_fingerprint_does_not_move_the_reading_position(folder: Path):
    (folder / "v.wav").write_bytes(b"audio")
    with open_voice(str(folder), "v.wav") as file:
        assert file.fingerprint(os.stat(folder / "v.wav").st_ctime_ns).digest is not None
        assert file.raw.read() == b"audio"


@pytest.mark.parametrize("replace", WAYS)
@pytest.mark.parametrize("keep_mtime", [False, True])
def test_fingerprint_of_a_young_file_sees_a_replacement_of_the_same_size(
    folder: Path, replace, keep_mtime: bool
):
    path = folder / "v.wav"
    path.write_bytes(b"first")
    status = os.stat(path)
    before = fingerprint(path, after_ns=0)
    replace(path, b"other")
    if keep_mtime:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert fingerprint(path, after_ns=0) != before


def test_fingerprint_of_a_settled_file_sees_an_overwrite_that_restores_the_mtime(folder: Path):
    path = folder / "v.wav"
    path.write_bytes(b"first")
    status = os.stat(path)
    before = fingerprint(path)
    while os.stat(path).st_ctime_ns == status.st_ctime_ns:  # at most one tick of the kernel's clock
        path.write_bytes(b"other")
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    after = fingerprint(path)
    assert (after.mtime_ns, after.size, after.inode) == (before.mtime_ns, before.size, before.inode)
    assert after != before


def test_fingerprint_tells_contents_apart_that_share_every_time_and_number(folder: Path):
    path = folder / "v.wav"
    path.write_bytes(b"first")
    first = fingerprint(path, after_ns=0)
    path.write_bytes(b"other")
    other = fingerprint(path, after_ns=0)
    assert first.digest != other.digest
    path.write_bytes(b"first")
    assert fingerprint(path, after_ns=0).digest == first.digest


def test_fingerprint_of_a_young_file_sees_a_change_at_the_end_of_megabytes(folder: Path):
    path = folder / "v.wav"
    path.write_bytes(bytes(3 * 2**20) + b"first")
    first = fingerprint(path, after_ns=0)
    path.write_bytes(bytes(3 * 2**20) + b"other")
    assert fingerprint(path, after_ns=0).digest != first.digest


@pytest.mark.parametrize(
    ("age_ns", "is_young"),
    [
        (0, True),
        (SETTLE_NS - 1, True),
        (SETTLE_NS, False),
        (-SETTLE_NS, True),  # the file server's clock runs ahead
        (-2 * voices.MAX_AHEAD_NS, False),
    ],
)
def test_fingerprint_reads_the_content_of_young_files_only(
    folder: Path, age_ns: int, is_young: bool
):
    path = folder / "v.wav"
    path.write_bytes(b"audio")
    os.utime(path, ns=(0, 0))
    assert (fingerprint(path, after_ns=age_ns).digest is not None) == is_young


def test_fingerprint_of_a_file_dated_far_ahead_settles(folder: Path):
    path = folder / "v.wav"
    path.write_bytes(b"audio")
    os.utime(path, (4_000_000_000, 4_000_000_000))
    assert fingerprint(path, after_ns=0).digest is not None
    assert fingerprint(path, after_ns=SETTLE_NS).digest is None


@pytest.mark.parametrize("after_ns", [0, LATER_NS])
def test_still_holds_while_nothing_changes(folder: Path, after_ns: int):
    path = folder / "v.wav"
    path.write_bytes(b"audio")
    known = fingerprint(path, after_ns)
    with open_voice(str(folder), "v.wav") as file:
        assert file.still_holds(known)


def test_still_holds_what_is_open_when_the_name_is_given_to_another_file(folder: Path):
    path = folder / "v.wav"
    path.write_bytes(b"first")
    known = fingerprint(path)
    with open_voice(str(folder), "v.wav") as file:
        replace_by_rename(path, b"other")
        assert file.still_holds(known)
        assert file.raw.read() == b"first"
    with open_voice(str(folder), "v.wav") as file:
        assert not file.still_holds(known)


@pytest.mark.parametrize("data", [b"other", b"longer than before", b""])
def test_still_holds_not_after_writing_in_place(folder: Path, data: bytes):
    path = folder / "v.wav"
    path.write_bytes(b"first")
    known = fingerprint(path, after_ns=0)
    with open_voice(str(folder), "v.wav") as file:
        path.write_bytes(data)
        assert not file.still_holds(known)


def test_still_holds_not_after_a_settled_file_was_overwritten_with_its_mtime(folder: Path):
    path = folder / "v.wav"
    path.write_bytes(b"first")
    status = os.stat(path)
    known = fingerprint(path)
    with open_voice(str(folder), "v.wav") as file:
        while os.stat(path).st_ctime_ns == status.st_ctime_ns:  # at most one tick
            path.write_bytes(b"other")
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert not file.still_holds(known)


def test_report_folder_counts_usable_files_only(folder: Path):
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    for name in (
        "a.wav",
        "B.MP3",
        "sub/c.flac",
        "sub/deep/d.opus",
        ".e.wav",
        "f.wav.tmp",
        "g.txt",
        "noextension",
        ".hidden/h.wav",
    ):
        (folder / name).write_bytes(b"audio")
    (folder / "folder.wav").mkdir()
    os.mkfifo(folder / "fifo.wav")
    (folder.parent / "secret.wav").write_bytes(b"secret")
    (folder / "out.wav").symlink_to(folder.parent / "secret.wav")
    (folder / "up").symlink_to(folder.parent)
    (folder / "gone.wav").symlink_to("nowhere.wav")
    (folder / "loop.wav").symlink_to("loop.wav")
    (folder / "sub" / "around").symlink_to(folder)
    assert report_folder(str(folder)) == FolderReport("ok", 4)
    (folder / "inside.wav").symlink_to(".hidden/h.wav")
    assert report_folder(str(folder)) == FolderReport("ok", 5)


def test_report_folder_names_what_is_wrong(tmp_path: Path, folder: Path):
    (tmp_path / "file").write_bytes(b"")
    assert report_folder(str(tmp_path / "gone")) == FolderReport("missing", 0)
    assert report_folder(str(tmp_path / "file")) == FolderReport("not a folder", 0)
    assert report_folder(str(folder)) == FolderReport("ok", 0)


def test_report_folder_tells_an_unreadable_folder_from_an_unreadable_part(open_folder: Path):
    (open_folder / "v.wav").write_bytes(b"audio")
    (open_folder / "part").mkdir()
    (open_folder / "part" / "w.wav").write_bytes(b"audio")
    os.chmod(open_folder / "part", 0)
    with no_privileges():
        assert report_folder(str(open_folder)) == FolderReport("ok", 1)
        assert report_folder(str(open_folder / "part")) == FolderReport("unreadable", 0)
